/**
 * PostgreSQL's binary form of array parameters.
 *
 * One array per column carries a batch of rows in one statement. In text form every quote of every JSON text would be
 * escaped here and unescaped there; in binary form the bytes go as they are. node-postgres sends a Buffer as binary.
 * @see https://www.postgresql.org/docs/current/protocol-overview.html#PROTOCOL-FORMAT-CODES
 */

const OID = { bool: 16, bytea: 17, int8: 20, int4: 23, text: 25, timestamptz: 1184, tsvector: 3614, jsonb: 3802 } as const;
const EPOCH_2000_MS = 946_684_800_000;
const MIN_TIMESTAMP_MS = Date.UTC(-4000, 0);
const MAX_TIMESTAMP_MS = 8.64e15;
const INFINITY = 0x7fff_ffff_ffff_ffffn;

function header(buffer: Buffer, oid: number, count: number, hasNull: boolean): number {
  let at = buffer.writeInt32BE(1, 0);
  at = buffer.writeInt32BE(hasNull ? 1 : 0, at);
  at = buffer.writeInt32BE(oid, at);
  at = buffer.writeInt32BE(count, at);
  return buffer.writeInt32BE(1, at);
}

function fixedArray<T>(oid: number, size: number, values: readonly T[], put: (buffer: Buffer, value: T, at: number) => void): Buffer {
  const buffer = Buffer.allocUnsafe(20 + values.length * (4 + size));
  let at = header(buffer, oid, values.length, false);
  for (const value of values) {
    at = buffer.writeInt32BE(size, at);
    put(buffer, value, at);
    at += size;
  }
  return buffer;
}

/** `text[]`. */
export function textArray(values: readonly (string | null)[]): Buffer {
  return stringArray(OID.text, '', values);
}

/** `bytea[]` from hexadecimal digits, two a byte, the same number each. */
export const hexArray = (values: readonly string[]) =>
  fixedArray(OID.bytea, (values[0]?.length ?? 0) / 2, values, (buffer, value, at) => void buffer.write(value, at, 'hex'));

/** `jsonb[]` from JSON texts. */
export function jsonbArray(values: readonly (string | null)[]): Buffer {
  return stringArray(OID.jsonb, '\u0001', values);
}

function stringArray(oid: number, prefix: string, values: readonly (string | null)[]): Buffer {
  const lengths = values.map((value) => (value === null ? 0 : prefix.length + Buffer.byteLength(value)));
  const buffer = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + length, 20 + 4 * values.length));
  let at = header(buffer, oid, values.length, values.includes(null));
  values.forEach((value, index) => {
    at = buffer.writeInt32BE(value === null ? -1 : (lengths[index] ?? 0), at);
    if (value === null) return;
    if (prefix) at += buffer.write(prefix, at, 'latin1');
    at += buffer.write(value, at);
  });
  return buffer;
}

/** `int4[]`. */
export const int4Array = (values: readonly number[]) =>
  fixedArray(OID.int4, 4, values, (buffer, value, at) => buffer.writeInt32BE(value, at));
/** `int8[]` from safe integers. */
export const int8Array = (values: readonly number[]) =>
  fixedArray(OID.int8, 8, values, (buffer, value, at) => buffer.writeBigInt64BE(BigInt(value), at));
/** `bool[]`. */
export const boolArray = (values: readonly boolean[]) =>
  fixedArray(OID.bool, 1, values, (buffer, value, at) => buffer.writeUInt8(value ? 1 : 0, at));
/** `timestamptz[]` from milliseconds since 1970; what lies outside PostgreSQL's calendar is ±infinity. */
export const timestampArray = (values: readonly number[]) =>
  fixedArray(OID.timestamptz, 8, values, (buffer, value, at) => buffer.writeBigInt64BE(microseconds(value), at));

/** One `timestamptz` from milliseconds since 1970, to the microsecond. */
export function timestamp(ms: number): Buffer {
  const buffer = Buffer.allocUnsafe(8);
  buffer.writeBigInt64BE(microseconds(ms));
  return buffer;
}

/** True if PostgreSQL can tell the instant from ±infinity. */
export const isTimestamp = (ms: number) => ms >= MIN_TIMESTAMP_MS && ms <= MAX_TIMESTAMP_MS;

function microseconds(ms: number): bigint {
  if (ms > MAX_TIMESTAMP_MS) return INFINITY;
  if (!(ms >= MIN_TIMESTAMP_MS)) return -INFINITY - 1n;
  const whole = Math.floor(ms);
  return BigInt(whole - EPOCH_2000_MS) * 1000n + BigInt(Math.round((ms - whole) * 1000));
}

/** `tsvector[]` from lists of lexemes without positions; a list holds no lexeme twice. */
export function tsvectorArray(values: readonly (readonly string[])[]): Buffer {
  const sizes = values.map((lexemes) => lexemes.reduce((sum, lexeme) => sum + Buffer.byteLength(lexeme) + 3, 4));
  const buffer = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + size, 20 + 4 * values.length));
  let at = header(buffer, OID.tsvector, values.length, false);
  values.forEach((lexemes, index) => {
    at = buffer.writeInt32BE(sizes[index] ?? 0, at);
    at = buffer.writeInt32BE(lexemes.length, at);
    for (const lexeme of lexemes) {
      at += buffer.write(lexeme, at);
      // The string's end, then its number of positions.
      at = buffer.writeUInt8(0, at);
      at = buffer.writeUInt16BE(0, at);
    }
  });
  return buffer;
}
