/*
 * What an update is fed on the device. Small things travel together in one vector of 32-bit words: numbers by their bits,
 * the random address, row numbers of the data set. Noise is drawn there, from the same address as on the host.
 */
import { type Shape, shapeSize } from '../compute/host-arrays';
import type { HloBuilder } from '../compute/xla/builder';
import { deviceNormal, deviceUniform } from '../compute/xla/noise';
import type { Hlo } from '../compute/xla/hlo';
import type { Inputs } from '../methods';
import { type HeldLayout, rowReader } from './device-data';
import { isChance } from './draw-inputs';

/** Given inputs of up to this many numbers a sample travel in the vector of words; larger ones by themselves. */
const SMALL = 16;

/** Whether an array [n, ...shape] travels by itself. */
export const isLarge = ([, ...shape]: Shape): boolean => shapeSize(shape) > SMALL;

/** Seed in two words, step, first sample. */
const ADDRESS_WORDS = 4;

/** Where each small thing lies in the vector of words. */
export type Packing = {
  readonly words: number;
  readonly scalars: readonly string[]; // numbers of the step, from ADDRESS_WORDS on
  readonly small: readonly { name: string; at: number; size: number }[];
  readonly large: readonly string[];
  readonly held?: HeldLayout; // of the data set that is on the device
};

/**
 * How the inputs of an update for `rows` samples travel, with `scalars` beside them; of samples that are `held` there, the
 * row number.
 */
export const packingOf = (inputs: Inputs, scalars: readonly string[], rows: number, held?: HeldLayout): Packing => {
  let words = ADDRESS_WORDS + scalars.length;
  const small: Packing['small'][number][] = [];
  const large: string[] = [];
  for (const [name, spec] of Object.entries(inputs)) {
    if (isChance(spec)) continue;
    const each = held && spec.kind === 'data' ? 1 : shapeSize(spec.shape);
    if (each > SMALL) large.push(name);
    else {
      small.push({ name, at: words, size: rows * each });
      words += rows * each;
    }
  }
  return { words, scalars, small, large, held };
};

/** The vector of words of one device. */
export const pack = (
  { words, scalars, small }: Packing,
  { seed, step, first }: { seed: number; step: number; first: number },
  numbers: Readonly<Record<string, number>>,
  given: Readonly<Record<string, { data: Float32Array }>>,
): Uint32Array => {
  const result = new Uint32Array(words);
  const floats = new Float32Array(result.buffer);
  result.set([seed >>> 0, Math.floor(seed / 2 ** 32), step, first]);
  scalars.forEach((name, i) => (floats[ADDRESS_WORDS + i] = numbers[name]));
  for (const { name, at } of small) floats.set(given[name].data, at);
  return result;
};

/** Writes the inputs into a module: its arguments `words`, `given/...` and `data/...`, and what is drawn. */
export const writeInputs = (
  b: HloBuilder,
  inputs: Inputs,
  packing: Packing,
  rows: number,
): { scalars: Record<string, Hlo>; batch: Record<string, Hlo> } => {
  const words = b.argument('words', [packing.words], 'ui32');
  const word = (at: number): Hlo => b.reshape(b.slice(words, [at], [1]), []);
  const floats = (at: number, size: number): Hlo =>
    b.op('bitcast_convert', [b.slice(words, [at], [size])], [size], 'f32');
  const place = { seed: [word(0), word(1)] as const, step: word(2), first: word(3) };
  const read = packing.held && rowReader(b, packing.held);
  const batch: Record<string, Hlo> = {};
  for (const [name, spec] of Object.entries(inputs)) {
    const whole = [rows, ...spec.shape];
    const packed = packing.small.find(entry => entry.name === name);
    if (isChance(spec)) {
      const draw = spec.kind === 'normal' ? deviceNormal : deviceUniform;
      batch[name] = draw(b, { ...place, stream: spec.stream }, rows, spec.shape);
    } else if (read && packed && spec.kind === 'data') batch[name] = read(spec, floats(packed.at, packed.size));
    else if (packed) batch[name] = b.reshape(floats(packed.at, packed.size), whole);
    else batch[name] = b.argument(`given/${name}`, whole, 'f32');
  }
  const scalars = packing.scalars.map((name, i) => [name, b.reshape(floats(ADDRESS_WORDS + i, 1), [])] as const);
  return { scalars: Object.fromEntries(scalars), batch };
};
