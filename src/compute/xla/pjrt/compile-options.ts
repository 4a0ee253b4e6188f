/* XLA's CompileOptionsProto, by hand: a few fields of the protocol-buffer format. */

const varint = (value: bigint | number): number[] => {
  let n = BigInt.asUintN(64, BigInt(value)); // negative numbers take ten bytes
  const bytes: number[] = [];
  do {
    bytes.push(Number(n & 0x7fn) | (n > 0x7fn ? 0x80 : 0));
    n >>= 7n;
  } while (n > 0n);
  return bytes;
};
const integer = (field: number, value: bigint | number): number[] => [...varint(field << 3), ...varint(value)];
const double = (field: number, value: number): number[] => {
  const bits = Buffer.alloc(8);
  bits.writeDoubleLE(value);
  return [...varint((field << 3) | 1), ...bits];
};
const bytes = (field: number, content: ArrayLike<number>): number[] => [
  ...varint((field << 3) | 2),
  ...varint(content.length),
  ...Array.from(content),
];

/** What a module is compiled with. */
export type CompileOptions = {
  /** devices that run the module side by side, each on its own arguments; default 1 */
  replicas?: number;
  /** devices that one module is cut over; default 1 */
  partitions?: number;
  /** XLA's debug options by name, as in XLA_FLAGS without the leading dashes, e.g. `{ xla_gpu_autotune_level: 0 }` */
  flags?: Readonly<Record<string, string | boolean | number>>;
};

/** OptionOverrideProto: one of string, bool, integer, double. */
const override = (value: string | boolean | number): number[] => {
  if (typeof value === 'string') return bytes(1, Buffer.from(value));
  if (typeof value === 'boolean') return integer(2, Number(value));
  return Number.isInteger(value) ? integer(3, value) : double(4, value);
};

/** The options as the bytes that Client_Compile takes. Flags are put in order, so that equal options give equal bytes. */
export const encodeCompileOptions = ({ replicas = 1, partitions = 1, flags = {} }: CompileOptions = {}): Uint8Array => {
  const build = [...integer(1, -1), ...integer(4, replicas), ...integer(5, partitions)]; // 1: the device, left open
  const entries = Object.entries(flags)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, value]) => bytes(7, [...bytes(1, Buffer.from(name)), ...bytes(2, override(value))]));
  return Uint8Array.from([...bytes(3, build), ...entries]);
};
