/** Field encryption: its keys, and the agreement of all gateways on what lies in the databases. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/options.ts';
import { createFieldEncryption, type FieldEncryption, PLAIN } from '../encryption/field-encryption.ts';
import { createProtection } from '../encryption/protection.ts';
import { FhirError } from '../model/error.ts';
import { createTextForms } from '../store/mongo/gateways/text-forms.ts';
import type { ReindexJob } from '../store/reindex.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Commits } from './commits.ts';
import { readFieldKeys } from './field-keys.ts';
import type { Stores } from './stores.ts';

export interface Encryption {
  readonly fields: FieldEncryption;
  /** What this gateway finds and writes, as other gateways are told. */
  readonly announced: readonly string[];
  /** To be awaited before the first write. @throws Error if another gateway would not find what this one writes */
  agree(clock: Pick<Commits['clock'], 'allKnow'>): Promise<void>;
  /** What a run over everything awaits, and what is known when it is done. */
  readonly awaits: string;
  onDone(job: ReindexJob): Promise<void>;
}

const finds = (form: string) => `field-form/${form}`;
const writes = (form: string) => `field-writes/${form}`;
/** Longer than a gateway that was killed is waited for before it is fenced. */
const OTHERS_WITHIN_MS = 40_000;

/**
 * Undefined if it is off, has no keys, and nothing that is stored needs any: then it costs nothing.
 * @throws Error that names the key that is missing
 */
export async function openEncryption(config: Config, stores: Stores, log: Logger): Promise<Encryption | undefined> {
  const forms = createTextForms(stores.clinical.collections);
  const [keys, noted] = await Promise.all([readFieldKeys(config), forms.read()]);
  const missing = (noted ?? []).filter((form) => form !== PLAIN && !keys?.find(form));
  if (missing.length > 0) {
    const archives = await archivesOf(stores);
    const inArchives = archives === undefined ? '' : `; perhaps only these archived years: ${archives}`;
    throw new Error(`what is stored is encrypted with a key that is not configured: ${missing.join(', ')}${inArchives}`);
  }
  if (config.fieldEncryption && !keys) throw new Error('--field-encryption needs keys: FIELD_ENCRYPTION_KEYS, …_FILE or …_COMMAND');
  if (!keys) return undefined;
  const stored = noted ?? ((await isEmpty(stores)) ? [] : [PLAIN]);
  const made = createFieldEncryption({
    keys,
    protection: createProtection(config.fieldEncryptionOf.split(',').map((entry) => entry.trim())),
    isOn: config.fieldEncryption,
    looksForPlain: stored.includes(PLAIN),
  });
  const fields = reporting(made, log);
  return {
    fields,
    announced: [...fields.searched.map(finds), writes(fields.form)],
    awaits: writes(fields.form),
    async agree({ allKnow }) {
      if (!stored.includes(fields.form)) await untilAllKnow(finds(fields.form), allKnow);
      await forms.add([...stored, fields.form]);
      if (config.fieldEncryption && stored.includes(PLAIN))
        log.warn('not everything that is stored is encrypted: run `npm run -s keys rotate`');
    },
    async onDone({ awaits, archives: { passedBy } = { passedBy: [] } }) {
      if (awaits !== writes(fields.form)) return;
      if (passedBy.length === 0) return forms.settle(fields.form);
      for (const { name, problem } of passedBy)
        log.warn(
          `the archived year ${name} was passed by and stays in one of the forms ${(await forms.read())?.join(', ')}, whose keys stay needed: ${problem}. Bring the file back and rotate again`,
        );
    },
  };
}

/** "encounter_y2019, claim_y2020"; undefined if there are none. */
async function archivesOf({ administrative }: Stores): Promise<string | undefined> {
  const archives = await administrative.administration.describeArchives();
  return archives.length === 0 ? undefined : archives.map(({ partition }) => partition).join(', ');
}

async function isEmpty({ clinical, administrative }: Stores): Promise<boolean> {
  const any = await clinical.collections.resources.findOne({}, { projection: { _id: 1 } });
  return any === null && (await administrative.history({ limit: 1 })).length === 0;
}

async function untilAllKnow(name: string, allKnow: (name: string) => Promise<boolean>): Promise<void> {
  for (const giveUpAt = performance.now() + OTHERS_WITHIN_MS; !(await allKnow(name)); await sleep(100)) {
    if (performance.now() > giveUpAt)
      throw new Error(
        `another gateway that is running does not know "${name}", so it would not find what this one writes: give it the keys first, or stop it`,
      );
  }
}

/** A text that was altered is an attack or a broken disk: whoever runs the gateway must learn of it. */
function reporting(fields: FieldEncryption, log: Logger): FieldEncryption {
  const told = <T>(open: () => T): T => {
    try {
      return open();
    } catch (error) {
      if (error instanceof FhirError) log.error('a stored text could not be opened', { error });
      throw error;
    }
  };
  return {
    ...fields,
    open: (version) => told(() => fields.open(version)),
    openWhole: (place, text) => told(() => fields.openWhole(place, text)),
  };
}
