/* The options that Client_Create takes, as a list of named values. */
import { NAMED, PARTS } from './argument-structs';
import { addressOf, memory, Struct, zeroEnded } from './native-memory';

/** A plugin's own options by name: text, whole numbers (bigint), numbers, truth values. */
export type ClientOptions = Readonly<Record<string, string | bigint | number | boolean>>;

const valueOf = (
  value: string | bigint | number | boolean,
): { bits: bigint; type: number; count: number; kept?: DataView } => {
  if (typeof value === 'string') {
    const kept = zeroEnded(value);
    return { bits: addressOf(kept), type: NAMED.string, count: kept.byteLength - 1, kept };
  }
  if (typeof value === 'bigint') return { bits: value, type: NAMED.int64, count: 1 };
  if (typeof value === 'boolean') return { bits: BigInt(value), type: NAMED.bool, count: 1 };
  const float = memory(8);
  float.setFloat32(0, value, true);
  return { bits: float.getBigInt64(0, true), type: NAMED.float, count: 1 };
};

/** The list in memory, and what must be kept alive with it. */
export const namedValues = (options: ClientOptions): { list: DataView; count: number; kept: unknown[] } => {
  const entries = Object.entries(options);
  const { size } = PARTS.NamedValue;
  const list = memory(size * entries.length);
  const kept: unknown[] = [];
  entries.forEach(([name, value], i) => {
    const label = zeroEnded(name);
    const { bits, type, count, kept: text } = valueOf(value);
    kept.push(label, text);
    const fields = { name: addressOf(label), name_size: label.byteLength - 1, type, value: bits, value_size: count };
    const one = new Struct(PARTS.NamedValue, fields, [], true);
    new Uint8Array(list.buffer).set(new Uint8Array(one.view.buffer, 0, size), i * size);
  });
  return { list, count: entries.length, kept };
};
