/** Page tokens that are good only for whoever got them. */
import { invalidValue } from '../../model/error.ts';
import type { PageTokens } from '../../search/plan/page-token.ts';
import type { InteractionContext } from '../context.ts';
import type { FhirRequest } from '../request.ts';

/** The parameter that carries a token in a `next` link. */
export const PAGE = '_page';

/** The server's page tokens, bound to the client, user, patient and scopes of this request. */
export function pageTokensFor({ access }: FhirRequest, { pageTokens }: InteractionContext): PageTokens {
  const who = access.identity;
  return {
    seal: (content) => pageTokens.seal({ who, content }),
    open: (token) => {
      const opened = pageTokens.open(token) as { who?: string; content?: unknown };
      if (opened.who !== who) throw invalidValue('this page token was given to another user', PAGE);
      return opened.content;
    },
  };
}
