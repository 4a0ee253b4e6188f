import { expectInteger } from './check';

/**
 * Where in the random universe a block of numbers lies. The same address gives the same numbers on every
 * backend, machine, batch size and order of calls: nothing is drawn "next", everything is looked up.
 */
export type Address = {
  /** Integer from 0 to 2^53 - 1. */
  seed: number;
  /** What the numbers are for, e.g. 'phi.noise'. */
  stream: string;
  /** Training or sampling step, default 0. */
  step?: number;
  /** Index of the sample, default 0. */
  sample?: number;
};

// Philox4x32-10 of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011. Written here because no kept
// npm package has a counter-based generator; checked against the authors' known answers.
const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;

/** High 32 bits of the product of two unsigned 32-bit integers. */
const mulHigh = (a: number, b: number): number => {
  const al = a & 0xffff;
  const ah = a >>> 16;
  const bl = b & 0xffff;
  const bh = b >>> 16;
  const mid = ah * bl + ((al * bl) >>> 16);
  const low = al * bh + (mid & 0xffff);
  return (ah * bh + Math.floor(mid / 65536) + (low >>> 16)) >>> 0;
};

/** Ten rounds of Philox: counter [4] and key [2] of unsigned 32-bit words to four random words, written into `out`. */
export const philox = (
  out: Uint32Array,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
): void => {
  for (let round = 0; round < 10; round++) {
    const high0 = mulHigh(M0, c0);
    const high1 = mulHigh(M1, c2);
    const low0 = Math.imul(M0, c0) >>> 0;
    const low1 = Math.imul(M1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c1 = low1;
    c3 = low0;
    k0 = (k0 + W0) >>> 0;
    k1 = (k1 + W1) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
};

/** FNV-1a, 32 bits: a stream's name as half of Philox's key. */
export const philoxKey = (text: string): number => {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
};

/** Fills `out` from offset `at` with `count` values, `convert` turning four words into four values. */
const fill = (
  { seed, stream, step = 0, sample = 0 }: Address,
  out: Float32Array,
  at: number,
  count: number,
  convert: (words: Uint32Array, values: Float64Array) => void,
): void => {
  const words = new Uint32Array(4);
  const values = new Float64Array(4);
  const [key0, key1, high] = [seed >>> 0, philoxKey(stream), Math.floor(seed / 2 ** 32)];
  for (let i = 0; i < count; i += 4) {
    philox(words, i / 4, sample, step, high, key0, key1);
    convert(words, values);
    for (let j = 0; j < 4 && i + j < count; j++) out[at + i + j] = values[j];
  }
};

const toUniform = (words: Uint32Array, values: Float64Array): void => {
  for (let j = 0; j < 4; j++) values[j] = (words[j] >>> 8) * 2 ** -24; // 24 bits: exact in float32, below 1
};

/** Box-Muller; V8's log, cos and sin are fdlibm's on every platform, so the values are too. */
const toNormal = (words: Uint32Array, values: Float64Array): void => {
  for (let j = 0; j < 4; j += 2) {
    const radius = Math.sqrt(-2 * Math.log((words[j] + 0.5) * 2 ** -32));
    const angle = 2 * Math.PI * words[j + 1] * 2 ** -32;
    values[j] = radius * Math.cos(angle);
    values[j + 1] = radius * Math.sin(angle);
  }
};

const checkAddress = (where: string, { seed, step = 0, sample = 0 }: Address, count: number): void => {
  expectInteger(where, 'seed', seed);
  expectInteger(where, 'step', step, { max: 2 ** 32 - 1 });
  expectInteger(where, 'sample', sample, { max: 2 ** 32 - 1 });
  expectInteger(where, 'count', count, { max: 2 ** 34 });
};

/** `count` uniform numbers in [0, 1) with 24 random bits each, at one address. */
export const uniform = (address: Address, count: number): Float32Array => {
  checkAddress('uniform', address, count);
  const out = new Float32Array(count);
  fill(address, out, 0, count, toUniform);
  return out;
};

/** `count` standard normal numbers at one address. */
export const normal = (address: Address, count: number): Float32Array => {
  checkAddress('normal', address, count);
  const out = new Float32Array(count);
  fill(address, out, 0, count, toNormal);
  return out;
};

/** Rows of a batch: row i holds `size` numbers of sample `first + i`, whatever the batch's size. */
const rows =
  (convert: typeof toNormal) =>
  (address: Omit<Address, 'sample'>, first: number, count: number, size: number): Float32Array => {
    expectInteger('noise', 'first', first);
    expectInteger('noise', 'count', count);
    checkAddress('noise', { ...address, sample: first + count }, size);
    const out = new Float32Array(count * size);
    for (let i = 0; i < count; i++) fill({ ...address, sample: first + i }, out, i * size, size, convert);
    return out;
  };

/** Standard normal numbers [count * size]: row i belongs to sample `first + i`. */
export const normalRows = rows(toNormal);

/** Uniform numbers in [0, 1) [count * size]: row i belongs to sample `first + i`. */
export const uniformRows = rows(toUniform);

/** Sequential draws from one address, for code whose number of draws depends on what it drew. */
export const randomSource = (
  address: Address,
): { uniform: () => number; normal: () => number; integer: (below: number) => number } => {
  const buffer = 256;
  const take = (draw: (at: Address, count: number) => Float32Array, stream: string) => {
    let block = new Float32Array(0);
    let used = 0;
    let chunk = 0;
    return (): number => {
      if (used === block.length) {
        block = draw({ ...address, stream: `${address.stream}/${stream}${chunk++}` }, buffer);
        used = 0;
      }
      return block[used++];
    };
  };
  const nextUniform = take(uniform, 'u');
  return { uniform: nextUniform, normal: take(normal, 'n'), integer: below => Math.floor(nextUniform() * below) };
};
