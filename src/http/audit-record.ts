/** What the audit is told of a request: who asked for what, and whose data was in the answer. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { PATIENT_HEADER, PURPOSE_HEADER, statedReason } from '../access/break-glass.ts';
import type { Principal } from '../access/principal.ts';
import { addPatientsAskedFor, addPatientsIn } from '../audit/patients.ts';
import { type AuditRecord, GLASS_BROKEN } from '../audit/record.ts';
import { queryText } from '../interactions/query-text.ts';
import type { FhirRequest, FhirResponse } from '../interactions/request.ts';
import { isLogicalId, type Route } from '../interactions/route.ts';

/** What has been understood of a request so far. */
export interface Heard {
  /** Path and query as they came, below the base; undefined for what is not below it. */
  target: string | undefined;
  route?: Route;
  principal?: Principal;
  request?: FhirRequest;
}

/** Everything but the time. `answer` has a status alone when the request failed. */
export function auditRecordOf(
  incoming: IncomingMessage,
  address: string,
  { target, route, principal, request }: Heard,
  answer: Pick<FhirResponse, 'status'> & Partial<FhirResponse>,
  requestId: string,
): Omit<AuditRecord, 'recorded'> {
  const isBundle = route?.interaction === 'batch';
  const text = answer.body?.kind === 'fhir' ? answer.body.text : '';
  return {
    interaction: interactionOf(route, isBundle && text.startsWith(TRANSACTION)),
    status: answer.status,
    request: requestId,
    client: principal?.client ?? 'anonymous',
    subject: principal?.subject ?? 'anonymous',
    issuer: principal?.issuer ?? '',
    address,
    entities: isBundle ? entitiesWritten(text) : entitiesOf(route, answer),
    patients: [...glassBrokenFor(incoming.headers), ...patientsOf(route, request, answer, text)].filter(isFirst),
    query: queryOf(incoming, target ?? '', request),
    note: glassNote(incoming.headers),
  };
}

const isFirst = (value: string, index: number, all: readonly string[]) => all.indexOf(value) === index;

const MAX_REASON = 500;

/** Also of who was not allowed to: that it was tried is to be seen. */
function glassNote(headers: IncomingHttpHeaders): string {
  return headers[PURPOSE_HEADER] === undefined ? '' : `${GLASS_BROKEN} ${statedReason(headers).slice(0, MAX_REASON).toWellFormed()}`;
}

function glassBrokenFor(headers: IncomingHttpHeaders): readonly string[] {
  const patient = headers[PURPOSE_HEADER] === undefined ? undefined : headers[PATIENT_HEADER];
  return typeof patient === 'string' && isLogicalId(patient) ? [patient] : [];
}

const TRANSACTION = '{"resourceType":"Bundle","type":"transaction-response"';

function interactionOf(route: Route | undefined, isTransaction: boolean): string {
  if (!route) return '';
  if (route.interaction === 'operation') return `$${route.operation}`;
  return isTransaction ? 'transaction' : route.interaction;
}

function entitiesOf(route: Route | undefined, { version, replaced }: Partial<FhirResponse>): readonly string[] {
  if (version) return [`${version.type}/${version.id}/_history/${version.version}`];
  if (replaced) return replaced.map(({ type, id, version: before }) => `${type}/${id}/_history/${before + 1}`);
  if (route?.type === undefined) return [];
  return [route.id !== undefined && isLogicalId(route.id) ? `${route.type}/${route.id}` : route.type];
}

const LOCATION = /"location":"[^"]*?([A-Z][A-Za-z]+\/[A-Za-z0-9.-]{1,64}\/_history\/\d+)"/g;

/** Those that the answers to a Bundle's entries name. */
const entitiesWritten = (text: string): readonly string[] => [...text.matchAll(LOCATION)].map(([, entity]) => entity as string);

function patientsOf(
  route: Route | undefined,
  request: FhirRequest | undefined,
  { status, version, replaced }: Pick<FhirResponse, 'status'> & Partial<FhirResponse>,
  text: string,
): Set<string> {
  const found = new Set<string>();
  if (route?.type === 'Patient' && route.id !== undefined && isLogicalId(route.id)) found.add(route.id);
  if (route?.compartment?.type === 'Patient' && isLogicalId(route.compartment.id)) found.add(route.compartment.id);
  if (request) addPatientsAskedFor(request.query, found);
  if (request?.body?.kind === 'form') addPatientsAskedFor(request.body.pairs, found);
  if (status >= 400) return found;
  if (route?.interaction === 'batch' && request?.body?.kind === 'fhir') addPatientsIn(request.body.text, found);
  if (version?.type === 'Patient') found.add(version.id);
  addPatientsIn(version ? version.raw : text, found);
  for (const { type, id, raw } of replaced ?? []) {
    if (type === 'Patient') found.add(id);
    addPatientsIn(raw, found);
  }
  return found;
}

function queryOf({ method = 'GET' }: IncomingMessage, target: string, request: FhirRequest | undefined): string {
  if (request?.body?.kind === 'form') return `${method} ${target} ${queryText(request.body.pairs)}`;
  return target.includes('?') || request?.compartment || request?.interaction.startsWith('search-') ? `${method} ${target}` : '';
}
