/*
 * Memory that C can point to. Structures and lists live in array buffers of their own: those lie off V8's heap, so that
 * their addresses do not change; small typed arrays may lie on it until their `buffer` is asked for.
 */
import { type Layout, SPARE } from './argument-structs';
import { koffi } from './koffi';

/** A place in this process's memory. */
export type Address = bigint;

/** Zeroed memory of at least `size` bytes. */
export const memory = (size: number): DataView => new DataView(new ArrayBuffer(Math.max(size, 8)));

/** Where the bytes of an array lie; they stay there as long as the array lives. */
export const addressOf = (data: ArrayBufferView): Address => {
  const { buffer, byteOffset, byteLength } = data; // asking for `buffer` moves a small array off V8's heap
  return BigInt(koffi().address(new Uint8Array(buffer, byteOffset, byteLength)));
};

/** A copy of text or bytes, ended with a zero; its length without the zero is `byteLength - 1`. */
export const zeroEnded = (content: string | Uint8Array): DataView => {
  const from = typeof content === 'string' ? Buffer.from(content) : content;
  const view = new DataView(new ArrayBuffer(from.length + 1));
  new Uint8Array(view.buffer).set(from);
  return view;
};

/** A list of addresses or 64-bit integers. */
export const integers = (values: readonly (number | bigint)[]): DataView => {
  const view = memory(8 * values.length);
  values.forEach((n, i) => {
    view.setBigInt64(8 * i, BigInt.asIntN(64, BigInt(n)), true);
  });
  return view;
};

/** A copy of foreign bytes. */
export const bytesAt = (address: Address, length: number): Buffer =>
  length === 0 ? Buffer.alloc(0) : Buffer.from(Buffer.from(koffi().view(address, length)));

/** The 64-bit word at an address. */
export const wordAt = (address: Address): Address => BigInt(koffi().decode.uint64(address));

/** The 32-bit integer at an address. */
export const intAt = (address: Address): number => koffi().decode.int32(address);

/** The 32-bit float at an address. */
export const floatAt = (address: Address): number => koffi().decode.float(address);

/** Values for the fields of a structure; those left out are zero. */
export type Fields<L extends Layout> = Partial<Record<keyof L['fields'] & string, number | bigint | boolean>>;

/** One structure in memory. It keeps alive what it points to (`kept`). */
export class Struct<L extends Layout> {
  readonly view: DataView;
  readonly address: Address;

  /** @param exact no spare room behind: for structures that stand in a list */
  constructor(
    private readonly layout: L,
    values: Fields<L>,
    readonly kept: readonly unknown[] = [],
    exact = false,
  ) {
    const size = layout.size + (exact ? 0 : SPARE);
    this.view = memory(Math.ceil(size / 8) * 8);
    this.address = addressOf(this.view);
    this.view.setBigUint64(0, BigInt(size), true);
    for (const name of Object.keys(values) as (keyof L['fields'] & string)[]) this.set(name, values[name] ?? 0);
  }

  /** Writes one field. */
  set(name: keyof L['fields'] & string, value: number | bigint | boolean): void {
    const { offset, kind } = this.layout.fields[name];
    if (kind === 'i32') this.view.setInt32(offset, Number(value), true);
    else if (kind === 'bool') this.view.setUint8(offset, Number(value));
    else if (kind === 'f32') this.view.setFloat32(offset, Number(value), true);
    else this.view.setBigInt64(offset, BigInt.asIntN(64, BigInt(value)), true);
  }

  /** Reads one field that is not a float. */
  get(name: keyof L['fields'] & string): bigint {
    const { offset, kind } = this.layout.fields[name];
    if (kind === 'i32') return BigInt(this.view.getInt32(offset, true));
    if (kind === 'bool') return BigInt(this.view.getUint8(offset));
    return kind === 'i64' ? this.view.getBigInt64(offset, true) : this.view.getBigUint64(offset, true);
  }
}
