/**
 * What a person does between an app's request and its answer: log in, choose a patient, consent. oidc-provider sends the
 * browser here and takes over again from its own address.
 * @see https://github.com/panva/node-oidc-provider/blob/main/docs/README.md#user-flows
 */
import type { IncomingMessage } from 'node:http';
import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Account } from '../store/authorization.ts';
import { createAuthenticator, type LoginOutcome } from './accounts/accounts.ts';
import { createPasswords, TooManyLogins } from './accounts/passwords.ts';
import { INTERACTION_PATH } from './endpoints.ts';
import { readForm } from './form.ts';
import type { LaunchContext, Launches } from './launches.ts';
import { consentPage, loginPage, patientPage } from './pages/pages.ts';
import { grantable, OPENID_SCOPES } from './scopes/grantable.ts';
import { mayChoosePatient, mayOpen } from './scopes/roles.ts';
import { isWriting, scopeInWords } from './scopes/scope-words.ts';
import { type AuthorizationOptions, LIFETIMES } from './settings.ts';

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;
type Result = Parameters<Provider['interactionResult']>[2];

/** A page, or an answer that sends the browser on. */
type Step = { readonly page: string; readonly status?: number } | { readonly result: Result };

interface Scene {
  readonly interaction: Interaction;
  readonly form: URLSearchParams;
  readonly query: URLSearchParams;
  readonly isPost: boolean;
  readonly clientId: string;
  readonly clientName: string;
  readonly scopes: readonly string[];
  readonly address: string;
}

const CANCELLED: Result = { error: 'access_denied', error_description: 'the person refused' };
const REFUSED_TEXT = 'That name, password or code is not right, or the account is locked for a while.';

/** Answers the addresses below {@link INTERACTION_PATH}; others are passed on. */
export function createInteractions(provider: Provider, options: AuthorizationOptions, launches: Launches) {
  const { store, report, isResourceType, addressOf = nextHop } = options;
  const authenticate = createAuthenticator({ ...options, passwords: createPasswords() });

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

  async function logIn({ isPost, form, clientId, clientName, address }: Scene): Promise<Step> {
    if (!isPost) return { page: loginPage({ clientName, needsCode: false }) };
    const login = form.get('login') ?? '';
    const outcome = await tryLogin({ login, password: form.get('password') ?? '', code: form.get('code') ?? '' });
    if (outcome === 'busy') {
      return {
        page: loginPage({ clientName, login, needsCode: false, problem: 'Too many people log in just now: try again.' }),
        status: 503,
      };
    }
    if (outcome.kind === 'welcome') {
      report({ kind: 'login', user: outcome.account.login, client: clientId, address });
      return {
        result: {
          login: { accountId: outcome.account.id, amr: outcome.account.totpSecret ? ['pwd', 'otp', 'mfa'] : ['pwd'], remember: false },
        },
      };
    }
    const needsCode = outcome.kind === 'code-needed';
    if (!needsCode) report({ kind: 'login-refused', user: login.slice(0, 64), client: clientId, address });
    return {
      page: loginPage({ clientName, login, needsCode, problem: needsCode ? 'Type your password again, with the code.' : REFUSED_TEXT }),
      status: 401,
    };
  }

  async function tryLogin(given: Parameters<typeof authenticate>[0]): Promise<LoginOutcome | 'busy'> {
    try {
      return await authenticate(given);
    } catch (error) {
      if (error instanceof TooManyLogins) return 'busy';
      throw error;
    }
  }

  /** A launch has chosen, a patient has one record only, a doctor looks for one; others work without. */
  async function choosePatient(scene: Scene, account: Account): Promise<Step> {
    const { launch } = scene.interaction.params;
    if (typeof launch === 'string' && scene.scopes.includes('launch')) return useLaunch(launch, scene, account);
    if (account.role === 'patient') return { result: { context: { patient: account.fhirUser?.replace(/^Patient\//, '') } } };
    if (!mayChoosePatient(account.role)) return { result: { context: {} } };
    return pickPatient(scene, account);
  }

  async function useLaunch(launch: string, { clientId, address }: Scene, account: Account): Promise<Step> {
    const context = await launches.find(launch, clientId);
    if (!context || !(await launches.use(launch))) return refusal('invalid_request', 'the launch is unknown, used or too old');
    if (context.patient !== undefined && !mayOpen(account.role, account.fhirUser, context.patient, true)) {
      const detail = 'launch with a record that is not theirs to open';
      report({ kind: 'refused', user: account.login, client: clientId, address, patient: context.patient, detail });
      return refusal('access_denied', 'this record is not yours to open');
    }
    return { result: { context: { ...context } } };
  }

  async function pickPatient({ isPost, form, query, clientName }: Scene, account: Account): Promise<Step> {
    const chosen = isPost ? await options.readPatient(form.get('patient') ?? '', account) : undefined;
    if (chosen) return { result: { context: { patient: chosen.id } } };
    const text = (query.get('q') ?? '').slice(0, 100);
    const { patients, hasMore } = await options.findPatients(text, account);
    const problem = isPost ? 'That patient is not there any more.' : undefined;
    return { page: patientPage({ clientName, query: text, found: patients, hasMore, problem }) };
  }

  async function consent(scene: Scene, account: Account): Promise<Step> {
    const context = contextOf(scene);
    const { scopes, withheld } = grantable(scene.scopes, account, context, options.operations(), isResourceType, options.scopesByRole);
    if (!scopes.some((scope) => !OPENID_SCOPES.includes(scope) || scope === 'openid')) {
      return refusal('access_denied', 'none of these scopes may be granted by this person');
    }
    const ticked = new Set(scene.form.getAll('scope'));
    const granted = scopes.filter((scope) => ticked.has(scope));
    if (scene.isPost && granted.length > 0) return { result: { consent: { grantId: await grant(scene, account, context, granted) } } };
    const patient = context.patient === undefined ? undefined : await options.readPatient(context.patient, account);
    return {
      page: consentPage({
        clientName: scene.clientName,
        userName: account.displayName,
        patientName: context.patient && (patient?.name ?? `patient ${context.patient}`),
        scopes: scopes.map((scope) => ({ scope, words: scopeInWords(scope, isResourceType), isWriting: isWriting(scope, isResourceType) })),
        withheld,
        problem: scene.isPost ? 'Nothing is ticked: allow something, or refuse.' : undefined,
      }),
    };
  }

  /** The request goes on with exactly the scopes that were granted; each authorization is a grant of its own. */
  async function grant(
    { interaction, clientId, address }: Scene,
    account: Account,
    context: LaunchContext,
    scopes: readonly string[],
  ): Promise<string> {
    const made = new provider.Grant({ accountId: account.id, clientId });
    const [openid, fhir] = [
      scopes.filter((scope) => OPENID_SCOPES.includes(scope)),
      scopes.filter((scope) => !OPENID_SCOPES.includes(scope)),
    ];
    if (openid.length > 0) made.addOIDCScope(openid.join(' '));
    if (fhir.length > 0) made.addResourceScope(options.fhirBaseUrl, fhir.join(' '));
    const grantId = await made.save();
    await launches.keep(grantId, context, new Date(options.now() + LIFETIMES.offlineRefresh * 1000));
    interaction.params.scope = scopes.join(' ');
    await interaction.persist();
    const { patient } = context;
    report({ kind: 'grant', user: account.login, client: clientId, address, ...(patient && { patient }), detail: scopes.join(' ') });
    return grantId;
  }
}

const nextHop = ({ socket }: IncomingMessage) => socket.remoteAddress ?? '';

const refusal = (error: string, error_description: string): Step => ({ result: { error, error_description } });

const contextOf = ({ interaction }: Scene): LaunchContext =>
  (interaction.lastSubmission as { context?: LaunchContext } | undefined)?.context ?? {};

/** A form's answer may send the browser on to the app; browsers hold that too against `form-action`. */
function policyFor({ interaction }: Scene): string {
  const redirect = URL.parse(String(interaction.params.redirect_uri));
  const target = redirect ? (redirect.origin === 'null' ? redirect.protocol : redirect.origin) : '';
  return `default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' ${target}`;
}
