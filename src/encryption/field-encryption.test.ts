import { describe, expect, test } from 'vitest';
import { createFieldEncryption } from './field-encryption.ts';
import { newFieldKey, parseFieldKeys } from './field-keys.ts';
import { createProtection } from './protection.ts';

const lines = [newFieldKey('k2'), newFieldKey('k1')];
const keys = parseFieldKeys(lines.join('\n'));
const protection = createProtection(['MR', 'NN*', 'http://example.org/ssn', 'http://example.org/passport/*', 'Coverage.subscriberId']);
const on = createFieldEncryption({ keys, protection, isOn: true, looksForPlain: false });
const versionOf = (raw: string, version = 3) => ({ type: 'Patient', id: 'a', version, raw });
const sealed = (raw: string) => on.seal(versionOf(raw));

/** Everything that a JSON text may have around an identifier. */
const TEXT = `{"resourceType":"Patient","id":"a","x": 1.00 ,"identifier":[ {"type":{"coding":[{"code":"MR"}]}, "value" : "M\\u0052N-77\\"1"},
 {"system":"http:\\/\\/example.org/ssn","value":"123-45-6789"}, {"system":"http://example.org/other","value":"OTHER-1"}],
 "text":{"div":"<div>SSN 123-45-6789, née Ω 🙂</div>"},"n":1e-7,"b":[true,null,"123-45-6789"]}`;

describe('texts with protected values', () => {
  test('come back to the last character', () => {
    const text = sealed(TEXT);
    expect(on.open(versionOf(text))).toBe(TEXT);
    expect(text.startsWith('~1~k2~')).toBe(true);
  });

  test('do not have the values, wherever in the resource they stand', () => {
    const text = sealed(TEXT);
    expect(text).not.toContain('123-45-6789');
    expect(text).not.toContain('77');
    expect(text).toContain('OTHER-1');
    expect(text).toContain('1.00');
  });

  test('are the same for the same version, and others for another', () => {
    expect(sealed(TEXT)).toBe(sealed(TEXT));
    expect(on.seal(versionOf(TEXT, 4)).slice(0, 60)).not.toBe(sealed(TEXT).slice(0, 60));
  });

  test.each([
    ['an open part', (text: string) => text.replace('OTHER-1', 'OTHER-2')],
    ['a sealed part', (text: string) => text.replace(/^(~1~k2~.{40})./, (_, start: string) => `${start}${text[46] === 'A' ? 'B' : 'A'}`)],
    ['the key that it names', (text: string) => text.replace('~1~k2~', '~1~k1~')],
    ['its end', (text: string) => text.slice(0, -1)],
    ['everything but its mark', () => '~1~'],
    ['its form', (text: string) => text.replace('~1~', '~2~')],
  ])('%s, altered, is found', (_what, alter) => {
    const altered = alter(sealed(TEXT));
    expect(altered).not.toBe(sealed(TEXT));
    expect(() => on.open(versionOf(altered))).toThrow(expect.objectContaining({ status: 500 }));
  });

  test('do not open in the place of another version or resource', () => {
    const text = sealed(TEXT);
    expect(() => on.open(versionOf(text, 4))).toThrow(expect.objectContaining({ status: 500 }));
    expect(() => on.open({ ...versionOf(text), id: 'b' })).toThrow(/Patient\/b\/_history\/3 .* altered/);
  });

  test('name the key that is missing', () => {
    const later = createFieldEncryption({ keys: parseFieldKeys(newFieldKey('k9')), protection, isOn: true, looksForPlain: false });
    expect(() => later.open(versionOf(sealed(TEXT)))).toThrow(
      expect.objectContaining({ status: 503, message: expect.stringContaining('"k2"') }),
    );
  });

  test('open with a key that seals no more', () => {
    const rotated = createFieldEncryption({
      keys: parseFieldKeys(`${newFieldKey('k3')},${lines.join()}`),
      protection,
      isOn: true,
      looksForPlain: false,
    });
    expect(rotated.open(versionOf(sealed(TEXT)))).toBe(TEXT);
  });
});

describe('texts without protected values', () => {
  test.each([
    '{"resourceType":"Observation","code":{"coding":[{"code":"MR"}]},"valueString":"x"}',
    '{"resourceType":"Patient","telecom":[{"system":"phone","value":"123-45-6789"}]}',
    '',
  ])('stay as they are: %s', (text) => {
    expect(sealed(text)).toBe(text);
    expect(on.open(versionOf(text))).toBe(text);
  });

  test('are told from sealed ones by nothing that a client sends', () => {
    const forged = '{"identifier":[{"system":"http://example.org/ssn","value":"~1~k2~AAAA~{}"}]}';
    expect(on.open(versionOf(sealed(forged)))).toBe(forged);
  });
});

describe('what is protected', () => {
  const valuesIn = (resource: object) => [...protection.valuesIn(resource)];

  test.each([
    [{ identifier: [{ type: { coding: [{ code: 'mr' }] }, value: 'a' }] }, ['a']],
    [{ identifier: { type: { coding: [{ code: 'X' }, { code: 'NNESP' }] }, value: 'a' } }, ['a']],
    [{ identifier: [{ system: 'http://example.org/passport/ESP', value: 'a' }] }, ['a']],
    [{ identifier: [{ system: 'http://example.org/ssn2', value: 'a' }] }, []],
    [{ subject: { identifier: { system: 'http://example.org/ssn', value: 'a' } } }, ['a']],
    [{ contained: [{ identifier: [{ system: 'http://example.org/ssn', value: 'a' }] }] }, ['a']],
    [{ resourceType: 'Bundle', entry: [{ resource: { resourceType: 'Coverage', subscriberId: 's' } }] }, ['s']],
    [{ resourceType: 'Patient', subscriberId: 's' }, []],
    [{ valueQuantity: { system: 'http://example.org/ssn', value: 1 } }, []],
  ])('%j', (resource, expected) => expect(valuesIn(resource)).toEqual(expected));

  test('a text that holds a protected value is never passed over', () => {
    const escaped = '{"identifier":[{"type":{"coding":[{"code":"\\u004dR"}]},"value":"plain-1"}]}';
    expect(protection.mayHold(escaped)).toBe(true);
    expect(sealed(escaped)).not.toContain('plain-1');
    expect(protection.mayHold('{"resourceType":"Observation","status":"final"}')).toBe(false);
  });

  test.each(['', 'not a code', 'patient.identifier', 'Patient.'])('"%s" protects nothing and is refused', (entry) => {
    expect(() => createProtection([entry])).toThrow('is no code');
  });
});

describe('what an index sees', () => {
  const resource = {
    identifier: [{ system: 'http://example.org/ssn', value: '123-45-6789' }],
    text: { div: '<p>SSN 123-45-6789.</p>' },
    id: '123-45-6789',
  };

  test('has no protected value, and the resource stays as it is', () => {
    const before = JSON.stringify(resource);
    const seen = on.redact(resource) as typeof resource;
    expect(seen.text.div).toBe('<p>SSN  .</p>');
    expect(JSON.stringify(seen.identifier)).not.toContain('6789');
    expect(seen.id).toBe('123-45-6789');
    expect(JSON.stringify(resource)).toBe(before);
  });

  test('is the same resource where nothing is protected', () => {
    const other = { identifier: [{ value: '1' }] };
    expect(on.redact(other)).toBe(other);
  });

  test('hides an identifier as a search for it does, redacted or not', () => {
    const { identifiers } = on;
    const [hidden] = (on.redact(resource) as typeof resource).identifier;
    expect(identifiers.searched('Patient', '123-45-6789')).toContain(identifiers.stored('Patient', hidden?.value ?? ''));
    expect(identifiers.stored('Patient', hidden?.value ?? '')).toBe(identifiers.stored('Patient', '123-45-6789'));
  });

  test('is looked for under every key, and as it is only while plain values are there', () => {
    expect(on.identifiers.searched('Patient', 'a')).toHaveLength(2);
    expect(on.identifiers.searched('Patient', 'a')).not.toContain('a');
    const both = createFieldEncryption({ keys, protection, isOn: true, looksForPlain: true });
    expect(both.identifiers.searched('Patient', 'a')).toContain('a');
    expect(both.searched).toEqual(['k2', 'k1', 'plain']);
  });
});

describe('a resource with thousands of identifiers', () => {
  const identifier = Array.from({ length: 20_000 }, (_, n) => ({ system: 'http://example.org/ssn', value: `9-${n}-${n * 7919}` }));
  const name = Array.from({ length: 20_000 }, (_, n) => ({ text: `somebody ${n}` }));
  const resource = { resourceType: 'Patient', identifier, name: [...name, { text: 'of 9-77-609763' }] };
  const raw = JSON.stringify(resource);

  test('takes seconds, not minutes, hides more rather than less, and comes back whole', { timeout: 60_000 }, () => {
    const startedAt = performance.now();
    const text = sealed(raw);
    const seen = JSON.stringify(on.redact(resource));
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    expect(on.open(versionOf(text))).toBe(raw);
    expect(text).not.toContain('609763');
    expect(seen).not.toContain('609763');
  });
});

describe('switched off over what was encrypted', () => {
  const off = createFieldEncryption({ keys, protection, isOn: false, looksForPlain: false });

  test('it opens, writes plain and finds both', () => {
    expect(off.open(versionOf(sealed(TEXT)))).toBe(TEXT);
    expect(off.seal(versionOf(TEXT))).toBe(TEXT);
    expect(off.identifiers.searched('Patient', 'a')).toContain('a');
    expect(off.identifiers.searched('Patient', 'a')).toContain(on.identifiers.stored('Patient', 'a'));
    expect(off.form).toBe('plain');
  });
});

describe('keys', () => {
  test.each([
    ['', 'there is no field key'],
    ['k1', 'field key 1 (without a name) is not'],
    ['k1:short', 'field key 1 ("k1") is not'],
    [`${newFieldKey('a')},${newFieldKey('a')}`, 'two field keys have the same name'],
    [newFieldKey('a b'), 'field key 1 ("a b") is not'],
  ])('"%s" is refused', (text, message) => expect(() => parseFieldKeys(text)).toThrow(message));

  test('an error does not quote a key', () => {
    const secret = newFieldKey('x').slice(2);
    expect(() => parseFieldKeys(secret)).toThrow(expect.not.objectContaining({ message: expect.stringContaining(secret.slice(0, 20)) }));
  });
});
