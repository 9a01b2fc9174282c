/**
 * Every setting, once: its flag, environment variable, type, default, unit and meaning; `options/` has one table for each topic.
 * `docs/configuration.md` is generated from them (`npm run docs`), and {@link Config} is derived from them.
 */
import { AUDIT } from './options/audit.ts';
import { ENGINES } from './options/engines.ts';
import { FIELD_ENCRYPTION } from './options/field-encryption.ts';
import { LISTENING } from './options/listening.ts';
import { LOAD_LIMITS } from './options/load-limits.ts';
import { PRIVACY } from './options/privacy.ts';
import { READ_PREFERENCES } from './options/read-preferences.ts';
import { REQUEST_LIMITS } from './options/request-limits.ts';
import { RESOURCES } from './options/resources.ts';
import { TELEMETRY } from './options/telemetry.ts';
import { TOKENS } from './options/tokens.ts';
import type { RegionRule } from './regions.ts';

export const OPTIONS = {
  ...LISTENING,
  ...ENGINES,
  ...REQUEST_LIMITS,
  ...LOAD_LIMITS,
  ...RESOURCES,
  ...TOKENS,
  ...PRIVACY,
  ...FIELD_ENCRYPTION,
  ...AUDIT,
  ...READ_PREFERENCES,
  ...TELEMETRY,
} as const;

export type OptionName = keyof typeof OPTIONS;

type ValueOf<O> = O extends { kind: 'integer' }
  ? number
  : O extends { kind: 'switch' }
    ? boolean
    : O extends { kind: 'choice'; choices: readonly (infer C)[] }
      ? C
      : O extends { kind: 'urls' }
        ? readonly string[]
        : O extends { kind: 'regions' }
          ? readonly RegionRule[]
          : string;

/** What was asked for or is the default. A setting without a default may be undefined. */
export type Settings = {
  readonly [N in OptionName]: (typeof OPTIONS)[N] extends { default: unknown }
    ? ValueOf<(typeof OPTIONS)[N]>
    : ValueOf<(typeof OPTIONS)[N]> | undefined;
};

/** {@link Settings} with the defaults that follow from other settings filled in. `dataDir` is absolute. */
export type Config = Settings & { readonly baseUrl: string; readonly issuer: string; readonly audience: string };
