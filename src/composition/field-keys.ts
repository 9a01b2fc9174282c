/** Where the keys of field encryption come from. */
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Config } from '../config/options.ts';
import { type FieldKeys, newFieldKey, parseFieldKeys } from '../encryption/field-keys.ts';

type KeySettings = Pick<Config, 'fieldKeys' | 'fieldKeysFile' | 'fieldKeysCommand' | 'fieldEncryption' | 'connect' | 'dataDir'>;

/** Gives keys as text; anything that can do so can hold them. */
type KeyProvider = () => Promise<string>;

const COMMAND_TIMEOUT_MS = 30_000;
const FIRST_KEY = 'local-1';

/**
 * The keys; undefined if none are configured and none are needed.
 * @throws Error that names the setting, never a key
 */
export async function readFieldKeys(config: KeySettings): Promise<FieldKeys | undefined> {
  const [found, another] = providersOf(config);
  if (another) throw new Error(`${found?.name} and ${another.name} both give field keys: set one of them`);
  if (!found) return undefined;
  try {
    const text = await found.read();
    return text === undefined ? undefined : parseFieldKeys(text);
  } catch (error) {
    throw new Error(`${found.name}: ${(error as Error).message}`);
  }
}

function providersOf(config: KeySettings): { readonly name: string; readonly read: () => Promise<string | undefined> }[] {
  const { fieldKeys, fieldKeysFile, fieldKeysCommand, connect } = config;
  const named = [
    ...(fieldKeys === undefined ? [] : [{ name: 'FIELD_ENCRYPTION_KEYS', read: async () => fieldKeys }]),
    ...(fieldKeysFile === undefined ? [] : [{ name: 'FIELD_ENCRYPTION_KEYS_FILE', read: () => readFile(fieldKeysFile, 'utf8') }]),
    ...(fieldKeysCommand === undefined ? [] : [{ name: 'FIELD_ENCRYPTION_KEYS_COMMAND', read: printedBy(fieldKeysCommand) }]),
  ];
  return named.length === 0 && !connect ? [{ name: 'the field keys of the data folder', read: () => localKeys(config) }] : named;
}

/** Its output is never shown: it may hold keys. */
function printedBy(command: string): KeyProvider {
  return async () => {
    try {
      return (await promisify(execFile)('/bin/sh', ['-c', command], { timeout: COMMAND_TIMEOUT_MS })).stdout;
    } catch (error) {
      const { code, signal } = error as { code?: unknown; signal?: unknown };
      throw new Error(`the command ended with ${code ?? signal}`);
    }
  };
}

/** A key of this machine, as its token keys are: made when encryption is first on. */
async function localKeys({ dataDir, fieldEncryption }: KeySettings): Promise<string | undefined> {
  const folder = join(dataDir, 'keys');
  const path = join(folder, 'field-encryption');
  const there = await readFile(path, 'utf8').catch(() => undefined);
  if (there !== undefined || !fieldEncryption) return there;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(path, `${newFieldKey(FIRST_KEY)}\n`, { mode: 0o600, flag: 'wx' });
  return readFile(path, 'utf8');
}
