/**
 * A record as the AuditEvent that IHE's basic audit log patterns ask for.
 * @see https://profiles.ihe.net/ITI/BALP/1.1.3/content.html
 */
import { MOVE } from './move.ts';
import { type AuditRecord, actionOf, GLASS_BROKEN, hasPerson, outcomeOf } from './record.ts';

/** Where an event stands: which chain, and its number in it. */
export interface EventPlace {
  /** The chain's short number in the database. */
  readonly chain: number;
  readonly seq: number;
  readonly recorded: number;
}

const TYPES = 'http://terminology.hl7.org/CodeSystem/audit-event-type';
const DICOM = 'http://dicom.nema.org/resources/ontology/DCM';
const INTERACTIONS = 'http://hl7.org/fhir/restful-interaction';
const ENTITY_TYPES = 'http://terminology.hl7.org/CodeSystem/audit-entity-type';
const ROLES = 'http://terminology.hl7.org/CodeSystem/object-role';
const PURPOSES = 'http://terminology.hl7.org/CodeSystem/v3-ActReason';

const SOURCE = { system: DICOM, code: '110153', display: 'Source Role ID' };
const DESTINATION = { system: DICOM, code: '110152', display: 'Destination Role ID' };

/** Nine digits of base 36 for milliseconds reach beyond the year 5000, so ids sort as events do. */
const TIME_DIGITS = 9;
const CHAIN_DIGITS = 4;
const SEQ_DIGITS = 10;
const base36 = (value: number, digits: number) => value.toString(36).padStart(digits, '0');
const ID = /^([0-9a-z]{9})-([0-9a-z]{4})-([0-9a-z]{10})$/;

/** The logical id, which tells the place, so that a read by id looks into one day. */
export function eventIdOf({ recorded, chain, seq }: EventPlace): string {
  return `${base36(recorded, TIME_DIGITS)}-${base36(chain, CHAIN_DIGITS)}-${base36(seq, SEQ_DIGITS)}`;
}

/** Undefined for an id that no event can have. */
export function placeOf(id: string): EventPlace | undefined {
  const [, recorded = '', chain = '', seq = ''] = ID.exec(id) ?? [];
  if (recorded === '') return undefined;
  return { recorded: Number.parseInt(recorded, 36), chain: Number.parseInt(chain, 36), seq: Number.parseInt(seq, 36) };
}

/** The AuditEvent. `gateway` names who recorded it. */
export function auditEventOf(
  record: AuditRecord,
  place: EventPlace,
  gateway: string,
): { readonly resourceType: string; readonly id: string } {
  const recorded = new Date(record.recorded).toISOString();
  return {
    resourceType: 'AuditEvent',
    id: eventIdOf(place),
    meta: { versionId: '1', lastUpdated: recorded },
    ...kindOf(record),
    action: actionOf(record.interaction),
    recorded,
    outcome: outcomeOf(record.status),
    outcomeDesc: `HTTP ${record.status}${record.note === '' ? '' : `; ${record.note}`}`,
    ...purposeOf(record),
    agent: agentsOf(record, gateway),
    source: {
      observer: { display: gateway },
      type: [{ system: 'http://terminology.hl7.org/CodeSystem/security-source-type', code: '3', display: 'Web Server' }],
    },
    entity: entitiesOf(record),
  } as { readonly resourceType: string; readonly id: string };
}

/**
 * What the authorization server does. IHE names the transaction by which a token is got; consent and revocation have no code.
 * @see https://profiles.ihe.net/ITI/IUA/index.html#3715-security-considerations
 */
const DEEDS: Readonly<Record<string, object>> = {
  login: { system: DICOM, code: '110122', display: 'Login' },
  logout: { system: DICOM, code: '110123', display: 'Logout' },
  token: { system: 'urn:ihe:event-type-code', code: 'ITI-71', display: 'Get Access Token' },
  consent: { display: 'Authorization by a person' },
  revocation: { display: 'Revocation of a token' },
};

/** What becomes of a record, whoever asked. @see https://terminology.hl7.org/CodeSystem-iso-21089-lifecycle.html */
const TRANSMIT = {
  system: 'http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle',
  code: 'transmit',
  display: 'Transmit Record Lifecycle Event',
};

/** Why glass was broken, in the words of who did. */
function purposeOf({ note }: AuditRecord): object {
  if (!note.startsWith(GLASS_BROKEN)) return {};
  const text = note.slice(GLASS_BROKEN.length).trim();
  return { purposeOfEvent: [{ coding: [{ system: PURPOSES, code: 'BTG', display: 'break the glass' }], ...(text !== '' && { text }) }] };
}

function kindOf({ interaction }: AuditRecord): object {
  const deed = DEEDS[interaction];
  if (deed) return { type: { system: DICOM, code: '110114', display: 'User Authentication' }, subtype: [deed] };
  const type = { system: TYPES, code: 'rest', display: 'RESTful Operation' };
  if (interaction === '') return { type };
  if (interaction === MOVE) return { type: TRANSMIT, subtype: [{ display: 'Move of a record to another zone' }] };
  const isOperation = interaction.startsWith('$');
  return { type, subtype: [{ system: INTERACTIONS, code: isOperation ? 'operation' : interaction, display: interaction }] };
}

/** Data flows from the source to the destination; in a query, by DICOM's custom, the caller is the source. */
function agentsOf(record: AuditRecord, gateway: string): object[] {
  const { interaction, client, subject, issuer, address } = record;
  const isRead = actionOf(interaction) === 'R';
  const requestor = !hasPerson(record);
  return [
    {
      type: { coding: [isRead ? DESTINATION : SOURCE] },
      who: { identifier: { value: client } },
      name: client,
      requestor,
      ...(address !== '' && { network: { address, type: '2' } }),
    },
    { type: { coding: [isRead ? SOURCE : DESTINATION] }, who: { display: gateway }, requestor: false },
    ...(requestor
      ? []
      : [
          {
            type: {
              coding: [
                { system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', code: 'IRCP', display: 'information recipient' },
              ],
            },
            who: { identifier: { ...(issuer !== '' && { system: issuer }), value: subject } },
            name: subject,
            requestor: true,
          },
        ]),
  ];
}

function entitiesOf({ interaction, request, entities, patients, query }: AuditRecord): object[] {
  const type = (code: string, display: string) => ({ system: ENTITY_TYPES, code, display });
  const role = (code: string, display: string) => ({ system: ROLES, code, display });
  const isQuery = query !== '' && interaction !== 'read' && interaction !== 'vread';
  return [
    ...patients.map((id) => ({ what: { reference: `Patient/${id}` }, type: type('1', 'Person'), role: role('1', 'Patient') })),
    ...entities.map((entity) => ({
      what: entity.includes('/') ? { reference: entity } : { type: entity },
      type: type('2', 'System Object'),
      role: role('4', 'Domain Resource'),
    })),
    ...(isQuery ? [{ type: type('2', 'System Object'), role: role('24', 'Query'), query: Buffer.from(query).toString('base64') }] : []),
    {
      what: { identifier: { value: request } },
      type: { system: 'https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType', code: 'XrequestId' },
    },
  ];
}
