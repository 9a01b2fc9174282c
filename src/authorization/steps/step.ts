/** One step of a person between an app's request and its answer. */
import type Provider from 'oidc-provider';
import type { LaunchContext } from '../launches.ts';

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;
export type Result = Parameters<Provider['interactionResult']>[2];

/** A page, or an answer that sends the browser on. */
export type Step = { readonly page: string; readonly status?: number } | { readonly result: Result };

/** What an app asked for, and what the person sent. */
export interface Scene {
  readonly interaction: Interaction;
  readonly form: URLSearchParams;
  readonly query: URLSearchParams;
  readonly isPost: boolean;
  readonly clientId: string;
  readonly clientName: string;
  readonly scopes: readonly string[];
  readonly address: string;
}

/** Sends the browser back to the app with an error. @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1 */
export const refusal = (error: string, error_description: string): Step => ({ result: { error, error_description } });

/** What the step before has chosen: the patient, what a launch said. */
export const contextOf = ({ interaction }: Scene): LaunchContext =>
  (interaction.lastSubmission as { context?: LaunchContext } | undefined)?.context ?? {};
