/** Field encryption with keys of a test, over what is protected by default. */
import { loadConfig } from '../../src/config/load.ts';
import { createFieldEncryption, type FieldEncryption } from '../../src/encryption/field-encryption.ts';
import { type FieldKeys, newFieldKey, parseFieldKeys } from '../../src/encryption/field-keys.ts';
import { createProtection } from '../../src/encryption/protection.ts';

const DEFAULT_PROTECTION = createProtection(loadConfig([], {}).fieldEncryptionOf.split(','));

export const freshKeys = (...ids: readonly string[]): FieldKeys => parseFieldKeys(ids.map(newFieldKey).join());

export const testEncryption = (keys = freshKeys('test'), isOn = true, looksForPlain = false): FieldEncryption =>
  createFieldEncryption({ keys, protection: DEFAULT_PROTECTION, isOn, looksForPlain });
