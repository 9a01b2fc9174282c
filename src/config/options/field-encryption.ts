/** Encryption of identifiers in what the databases keep. @see docs/security.md */
import type { Option } from './option.ts';

/** Numbers that people, insurances and states know a patient by. @see https://terminology.hl7.org/CodeSystem-v2-0203.html */
const PROTECTED_BY_DEFAULT = [
  ...['MR', 'MRT', 'PI', 'PT', 'PN', 'AN', 'SS', 'NI', 'NN*', 'PPN', 'DL', 'CZ', 'PRC', 'TPR', 'TAX', 'MI', 'PEN'],
  ...['MB', 'SN', 'MC', 'MA', 'HC', 'JHN', 'NH', 'SB', 'BA', 'BC', 'CC'],
  ...['http://hl7.org/fhir/sid/us-ssn', 'http://hl7.org/fhir/sid/us-medicare', 'http://hl7.org/fhir/sid/us-mbi'],
  ...['http://hl7.org/fhir/sid/passport-*', 'urn:oid:2.16.840.1.113883.4.1', 'urn:oid:2.16.840.1.113883.4.3.*'],
  ...['Patient.identifier', 'Person.identifier', 'RelatedPerson.identifier', 'Coverage.identifier', 'Coverage.subscriberId'],
];

export const FIELD_ENCRYPTION = {
  fieldEncryption: {
    kind: 'switch',
    env: 'FIELD_ENCRYPTION',
    flag: 'field-encryption',
    default: false,
    description:
      'Encrypts identifiers (see `FIELD_ENCRYPTION_OF`) in what the databases keep, and indexes keyed hashes of them. docs/security.md says what that protects and costs.',
  },
  fieldKeys: {
    kind: 'text',
    env: 'FIELD_ENCRYPTION_KEYS',
    flag: 'field-encryption-keys',
    secret: true,
    description:
      'Keys of field encryption, `<name>:<32 bytes as base64>` separated by commas: the first encrypts, all decrypt. Use the variable; a flag is seen by every user of the machine.',
  },
  fieldKeysFile: {
    kind: 'path',
    env: 'FIELD_ENCRYPTION_KEYS_FILE',
    flag: 'field-encryption-keys-file',
    defaultText: '`<data-dir>/keys/field-encryption` without `--connect`, made at first use',
    description: 'A file with such keys, one a line.',
  },
  fieldKeysCommand: {
    kind: 'text',
    env: 'FIELD_ENCRYPTION_KEYS_COMMAND',
    flag: 'field-encryption-keys-command',
    description: 'A command that prints such keys, one a line: the client of a key management service. Run once at start.',
  },
  fieldEncryptionOf: {
    kind: 'text',
    env: 'FIELD_ENCRYPTION_OF',
    flag: 'field-encryption-of',
    default: PROTECTED_BY_DEFAULT.join(','),
    description:
      'What is encrypted, separated by commas: codes of identifier types (v2-0203), systems (`*` at the end for all that begin so), and elements that are Identifiers or strings.',
  },
} as const satisfies Record<string, Option>;
