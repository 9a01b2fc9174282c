/**
 * What is known of one request when it is answered, as one line of text.
 *
 * The line is what is kept, hashed and signed; the AuditEvent is made of it when somebody asks (`render.ts`). Fields are
 * parted by tabs, so that neither a request nor the relay builds or parses JSON: about 0.6 µs a line.
 */

/** One request, or one login. */
export interface AuditRecord {
  /** When it was answered, milliseconds since 1970; never less than that of the record before it in its chain. */
  readonly recorded: number;
  /** A code of restful-interaction, `$name` of an operation, an `AuthorizationInteraction`; '' if the request never got so far. */
  readonly interaction: string;
  /** HTTP status of the answer. */
  readonly status: number;
  /** The id in `X-Request-Id`. */
  readonly request: string;
  readonly client: string;
  readonly subject: string;
  /** Of the token; '' without one. */
  readonly issuer: string;
  /** IP address of the caller. */
  readonly address: string;
  /** What it was about: "Patient/1/_history/2", "Observation/3", or a type alone. */
  readonly entities: readonly string[];
  /** Logical ids of the patients whose data was asked for or answered. */
  readonly patients: readonly string[];
  /** Method and target as they came, for a form its fields as well: "GET Patient?name=x". '' if there was no query. */
  readonly query: string;
  /** Anything that must stand out: why glass was broken, that a write was found after a crash. */
  readonly note: string;
}

/** Makes a query unreadable for who has the line alone. */
export type SealQuery = (query: string, record: Pick<AuditRecord, 'request'>) => string;

/** How the note of a request begins that broke the glass, or tried to; the reason follows. */
export const GLASS_BROKEN = 'BTG:';

/** Of the form of the line, so that it can change. */
const FORM = '1';
const FIELDS = 13;
/** A form may have a megabyte; the start tells what was asked. */
const MAX_QUERY_LENGTH = 65_536;

// biome-ignore lint/suspicious/noControlCharactersInRegex: they would end a field, a line, or what PostgreSQL takes for text
const SPECIAL = /[\\\t\n\r\u0000]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: see above
const ALL_SPECIAL = /[\\\t\n\r\u0000]/g;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r', '\u0000': '\\0' };
const UNESCAPES: Readonly<Record<string, string>> = { '\\': '\\', t: '\t', n: '\n', r: '\r', '0': '\u0000' };

const escaped = (field: string) => (SPECIAL.test(field) ? field.replace(ALL_SPECIAL, (found) => ESCAPES[found] ?? '') : field);
const unescaped = (field: string) =>
  field.includes('\\') ? field.replace(/\\(.)/g, (_, letter: string) => UNESCAPES[letter] ?? letter) : field;

/** True if a person stands behind the client: a service speaks for itself, and before a login nobody is known. */
export const hasPerson = ({ client, subject }: Pick<AuditRecord, 'client' | 'subject'>) => subject !== '' && subject !== client;

/** The line, without its end. `sealQuery` makes a text without white space of the query. */
export function recordText(record: AuditRecord, sealQuery?: SealQuery): string {
  const { recorded, interaction, status, request, client, subject, issuer, address, entities, patients, note } = record;
  const start = record.query.length > MAX_QUERY_LENGTH ? record.query.slice(0, MAX_QUERY_LENGTH).toWellFormed() : record.query;
  const query = sealQuery ? sealQuery(start, record) : start;
  const who = `${escaped(client)}\t${client === subject ? '' : escaped(subject)}\t${escaped(issuer)}\t${address}`;
  return `${FORM}\t${recorded}\t${interaction}\t${status}\t${request}\t${who}\t${entities.join(' ')}\t${patients.join(' ')}\t${escaped(query)}\t${escaped(note)}`;
}

/** @throws Error for a text that is not a record's: somebody else wrote it */
export function parseRecord(text: string): AuditRecord {
  const fields = text.split('\t');
  if (fields.length !== FIELDS || fields[0] !== FORM) throw new Error('not a record of an audit event');
  const field = (index: number) => fields[index] as string;
  const client = unescaped(field(5));
  return {
    recorded: Number(field(1)),
    interaction: field(2),
    status: Number(field(3)),
    request: field(4),
    client,
    subject: field(6) === '' ? client : unescaped(field(6)),
    issuer: unescaped(field(7)),
    address: field(8),
    entities: wordsOf(field(9)),
    patients: wordsOf(field(10)),
    query: unescaped(field(11)),
    note: unescaped(field(12)),
  };
}

const wordsOf = (field: string) => (field === '' ? [] : field.split(' '));

/** When the event of a line happened, without parsing the rest; milliseconds since 1970. */
export const recordedAt = (text: string): number => Number(text.slice(2, text.indexOf('\t', 2)));

/** AuditEvent.outcome: 0 done, 4 the caller's fault, 8 refused, 12 ours. @see https://hl7.org/fhir/R4/valueset-audit-event-outcome.html */
export function outcomeOf(status: number): '0' | '4' | '8' | '12' {
  if (status < 400) return '0';
  if (status === 401 || status === 403) return '8';
  return status < 500 ? '4' : '12';
}

/** AuditEvent.action. @see https://hl7.org/fhir/R4/valueset-audit-event-action.html */
export function actionOf(interaction: string): 'C' | 'R' | 'U' | 'D' | 'E' {
  switch (interaction) {
    case 'create':
      return 'C';
    case 'read':
    case 'vread':
    case 'history-instance':
      return 'R';
    case 'update':
    case 'patch':
      return 'U';
    case 'delete':
      return 'D';
    default:
      return 'E';
  }
}
