/** What may the app do? */
import type Provider from 'oidc-provider';
import type { Account } from '../../store/authorization.ts';
import type { LaunchContext, Launches } from '../launches.ts';
import { consentPage } from '../pages/pages.ts';
import { grantable, OPENID_SCOPES } from '../scopes/grantable.ts';
import { isWriting, scopeInWords } from '../scopes/scope-words.ts';
import { type AuthorizationOptions, LIFETIMES } from '../settings.ts';
import { contextOf, refusal, type Scene, type Step } from './step.ts';

/** Shows the scopes that the person may grant; ends with a grant of those that were ticked. */
export function createConsent(
  provider: Provider,
  options: AuthorizationOptions,
  launches: Launches,
): (scene: Scene, account: Account) => Promise<Step> {
  const { report, isResourceType } = options;
  return consent;

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
