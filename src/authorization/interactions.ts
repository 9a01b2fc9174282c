/**
 * What a person does between an app's request and its answer: log in, choose a patient, consent. oidc-provider sends the
 * browser here and takes over again from its own address.
 * @see https://github.com/panva/node-oidc-provider/blob/main/docs/README.md#user-flows
 */
import type { IncomingMessage } from 'node:http';
import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Account } from '../store/authorization.ts';
import { INTERACTION_PATH } from './endpoints.ts';
import { readForm } from './form.ts';
import type { Launches } from './launches.ts';
import type { AuthorizationOptions } from './settings.ts';
import { createChoosePatient } from './steps/choose-patient.ts';
import { createConsent } from './steps/consent.ts';
import { createLogIn } from './steps/log-in.ts';
import type { Result, Scene, Step } from './steps/step.ts';

const CANCELLED: Result = { error: 'access_denied', error_description: 'the person refused' };

/** Answers the addresses below {@link INTERACTION_PATH}; others are passed on. */
export function createInteractions(provider: Provider, options: AuthorizationOptions, launches: Launches) {
  const { store, report, addressOf = nextHop } = options;
  const logIn = createLogIn(options);
  const choosePatient = createChoosePatient(options, launches);
  const consent = createConsent(provider, options, launches);

  return async (
    ctx: Pick<KoaContextWithOIDC, 'req' | 'res' | 'path' | 'method' | 'URL' | 'redirect' | 'set'> & {
      status: number;
      body: unknown;
      type: string;
    },
    next: () => Promise<void>,
  ) => {
    if (!ctx.path.startsWith(INTERACTION_PATH)) return next();
    const scene = await openScene(ctx);
    const step = await take(scene);
    if ('page' in step) {
      ctx.set('Content-Security-Policy', policyFor(scene));
      ctx.status = step.status ?? 200;
      ctx.type = 'html';
      ctx.body = step.page;
      return;
    }
    ctx.status = 303;
    ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, step.result, { mergeWithLastSubmission: true }));
  };

  async function openScene(ctx: Pick<KoaContextWithOIDC, 'req' | 'res' | 'method' | 'URL'>): Promise<Scene> {
    const interaction = await provider.interactionDetails(ctx.req, ctx.res);
    const isPost = ctx.method === 'POST';
    const clientId = String(interaction.params.client_id);
    const client = await provider.Client.find(clientId);
    return {
      interaction,
      isPost,
      form: isPost ? await readForm(ctx.req, ctx.URL.origin) : new URLSearchParams(),
      query: ctx.URL.searchParams,
      clientId,
      clientName: client?.clientName ?? clientId,
      scopes: String(interaction.params.scope ?? '')
        .split(' ')
        .filter(Boolean),
      address: addressOf(ctx.req),
    };
  }

  async function take(scene: Scene): Promise<Step> {
    if (scene.isPost && scene.form.get('action') === 'cancel') {
      report({
        kind: 'refused',
        user: (await nameOf(scene)) ?? '',
        client: scene.clientId,
        address: scene.address,
        detail: 'the person refused',
      });
      return { result: CANCELLED };
    }
    switch (scene.interaction.prompt.name) {
      case 'login':
        return logIn(scene);
      case 'patient':
        return choosePatient(scene, await accountOf(scene));
      default:
        return consent(scene, await accountOf(scene));
    }
  }

  async function accountOf({ interaction }: Scene): Promise<Account> {
    const account = await store.accountById(interaction.session?.accountId ?? '');
    if (!account || account.isDisabled) throw new Error('the account is gone');
    return account;
  }

  /** Who is logged in, if anybody is. */
  async function nameOf({ interaction }: Scene): Promise<string | undefined> {
    return (await store.accountById(interaction.session?.accountId ?? ''))?.login;
  }
}

const nextHop = ({ socket }: IncomingMessage) => socket.remoteAddress ?? '';

/** A form's answer may send the browser on to the app; browsers hold that too against `form-action`. */
function policyFor({ interaction }: Scene): string {
  const redirect = URL.parse(String(interaction.params.redirect_uri));
  const target = redirect ? (redirect.origin === 'null' ? redirect.protocol : redirect.origin) : '';
  return `default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' ${target}`;
}
