/** Whose record is it about? */
import type { Account } from '../../store/authorization.ts';
import type { Launches } from '../launches.ts';
import { patientPage } from '../pages/pages.ts';
import { mayChoosePatient, mayOpen } from '../scopes/roles.ts';
import type { AuthorizationOptions } from '../settings.ts';
import { refusal, type Scene, type Step } from './step.ts';

/** A launch has chosen, a patient has one record only, a doctor looks for one; others work without. */
export function createChoosePatient(options: AuthorizationOptions, launches: Launches): (scene: Scene, account: Account) => Promise<Step> {
  const { report } = options;
  return choosePatient;

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
}
