/** Consents, security labels and pseudonyms. @see docs/security.md */
import type { Option } from './option.ts';

export const PRIVACY = {
  deidentificationKey: {
    kind: 'text',
    env: 'DEIDENTIFICATION_KEY',
    flag: 'deidentification-key',
    defaultText: 'derived from the secret that the gateways share',
    secret: true,
    description: 'The key of the pseudonyms of `$de-identify`: random text. Another key makes other pseudonyms.',
  },
  consentDefault: {
    kind: 'choice',
    env: 'CONSENT_DEFAULT',
    flag: 'consent-default',
    choices: ['permit', 'deny'],
    default: 'permit',
    description:
      'What holds of a patient whose privacy consents say nothing. With `deny` a record is read, changed and deleted only as its consents permit.',
  },
  securityLabels: {
    kind: 'text',
    env: 'SECURITY_LABELS',
    flag: 'security-labels',
    default: '',
    defaultText: 'confidentiality R and V alone',
    description:
      'Further labels (`meta.security`) that need clearance: `name=system|code`, separated by commas; the scope is `system/$label-<name>`.',
  },
  labelRoles: {
    kind: 'text',
    env: 'LABEL_ROLES',
    flag: 'label-roles',
    default: 'doctor=restricted',
    description:
      'Which roles of the embedded authorization server may have which clearance (`restricted`, `very-restricted`, those of `security-labels`): `role=name`, separated by commas; `none` is none.',
  },
  breakGlassRoles: {
    kind: 'text',
    env: 'BREAK_GLASS_ROLES',
    flag: 'break-glass-roles',
    default: 'doctor,nurse',
    description: 'Roles of the embedded authorization server that may have `system/$break-glass.rs`, separated by commas; `none` is none.',
  },
  breakGlassWebhook: {
    kind: 'url',
    env: 'BREAK_GLASS_WEBHOOK',
    flag: 'break-glass-webhook',
    secret: true,
    defaultText: 'nobody is notified',
    description:
      'Where a notice is posted whenever a client breaks the glass or tries to: https, or http on this machine. docs/security.md has its form.',
  },
  breakGlassWebhookSecret: {
    kind: 'text',
    env: 'BREAK_GLASS_WEBHOOK_SECRET',
    flag: 'break-glass-webhook-secret',
    secret: true,
    defaultText: 'none',
    description: 'Signs these notices: `whsec_` and base64, or 16 characters or more.',
  },
  erasureSeconds: {
    kind: 'integer',
    env: 'ERASURE_SECONDS',
    flag: 'erasure-seconds',
    minimum: 3,
    maximum: 3600,
    default: 3,
    unit: 'seconds',
    description: 'How long the record of an erased patient stays closed at least. By then every gateway has heard of it.',
  },
  breakGlassMinutes: {
    kind: 'integer',
    env: 'BREAK_GLASS_MINUTES',
    flag: 'break-glass-minutes',
    minimum: 1,
    maximum: 1440,
    default: 60,
    unit: 'minutes',
    description: 'The age of a token with which glass can be broken, at most.',
  },
} as const satisfies Record<string, Option>;
