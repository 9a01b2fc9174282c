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

/** FNV-1a, signed 32 bits. @see https://datatracker.ietf.org/doc/html/draft-eastlake-fnv */
export function keyOf(entry: string): number {
  let mixed = 0x811c9dc5;
  for (let i = 0; i < entry.length; i++) mixed = Math.imul(mixed ^ entry.charCodeAt(i), 0x01000193);
  return mixed | 0;
}

/** The keys of an event. */
export function keysOf(record: AuditRecord): number[] {
  const { patients, entities, client, subject, status } = record;
  const keys = [keyOf(`${AGENT}~${client}`)];
  if (hasPerson(record)) keys.push(keyOf(`${AGENT}~${subject}`));
  const references = new Set(patients.map((id) => `Patient/${id}`));
  for (const entity of entities) if (entity.includes('/')) references.add(entity.split('/_history/', 1)[0] as string);
  for (const reference of references) {
    keys.push(keyOf(ENTITY + reference));
    if (reference.startsWith('Patient/')) keys.push(keyOf(PATIENT + reference));
  }
  const outcome = `AuditEvent.outcome~${outcomeOf(status)}`;
  if (RARE_OUTCOMES.includes(outcome)) keys.push(keyOf(outcome));
  return keys;
}
