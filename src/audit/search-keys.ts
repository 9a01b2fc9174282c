/**
 * The few index entries by which events are looked up, as 32-bit hashes: cheap to keep for every read of a record.
 *
 * They say where a match can be, never that it is one: a search makes the AuditEvent of what it finds and looks again.
 */
import { type AuditRecord, hasPerson, outcomeOf } from './record.ts';

const AGENT = 'AuditEvent.agent:identifier';
const ENTITY = 'AuditEvent.entity=';
const PATIENT = 'AuditEvent.patient=';
/** What is rare enough to be worth a key. */
const RARE_OUTCOMES = ['AuditEvent.outcome~8', 'AuditEvent.outcome~12'];

/**
 * The entry whose key every event has that has this entry: itself, one without version or system. Undefined if events with
 * this entry have no key for it.
 */
export function keyedForm(entry: string): string | undefined {
  if (entry.startsWith(PATIENT) || entry.startsWith(ENTITY)) return entry.split('/_history/', 1)[0];
  if (entry.startsWith(`${AGENT}~`) || RARE_OUTCOMES.includes(entry)) return entry;
  return entry.startsWith(`${AGENT}=`) ? `${AGENT}~${entry.slice(entry.indexOf('|') + 1)}` : undefined;
}

const FNV_START = 0x811c9dc5;

/** FNV-1a of a text after what was mixed before it, signed 32 bits. @see https://datatracker.ietf.org/doc/html/draft-eastlake-fnv */
function mixed(text: string, before = FNV_START): number {
  let mix = before;
  for (let i = 0; i < text.length; i++) mix = Math.imul(mix ^ text.charCodeAt(i), 0x01000193);
  return mix | 0;
}

export const keyOf = (entry: string): number => mixed(entry);

// The starts of entries are the same for all events.
const AFTER_AGENT = mixed(`${AGENT}~`);
const AFTER_ENTITY = mixed(ENTITY);
const AFTER_PATIENT = mixed(PATIENT);

/** The keys of an event. */
export function keysOf(record: AuditRecord): number[] {
  const { patients, entities, client, subject, status } = record;
  const keys = [mixed(client, AFTER_AGENT)];
  if (hasPerson(record)) keys.push(mixed(subject, AFTER_AGENT));
  const references = patients.map((id) => `Patient/${id}`);
  for (const entity of entities) {
    const reference = entity.split('/_history/', 1)[0] as string;
    if (reference.includes('/') && !references.includes(reference)) references.push(reference);
  }
  for (const reference of references) {
    keys.push(mixed(reference, AFTER_ENTITY));
    if (reference.startsWith('Patient/')) keys.push(mixed(reference, AFTER_PATIENT));
  }
  const outcome = `AuditEvent.outcome~${outcomeOf(status)}`;
  if (RARE_OUTCOMES.includes(outcome)) keys.push(keyOf(outcome));
  return keys;
}
