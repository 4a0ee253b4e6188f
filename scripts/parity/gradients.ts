import type { Tensors } from '../../src/networks';
import type { Fixture } from './fixture';
import { array, type Measure, scalar, TYPICAL } from './measure';
import { inReferenceLayout } from './network';

/** The key part of this bias has no gradient but rounding: softmax ignores a constant added to all keys. */
const isNoise = (name: string): boolean => name.endsWith('qkv.bias');

const normOf = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ** 2;
  return Math.sqrt(sum);
};

/** `singles`: the floor `each` was recorded for single numbers too. */
type GradientFloors = { all: number; each: number; singles?: boolean };

/**
 * Gradients against those recorded under `prefix`, all as one vector and one by one; of large ones only first rows may be
 * there. A single number is a sum of many terms of both signs, of which rounding may leave few digits: without a floor
 * recorded for such it only counts among all.
 */
export const recordedGradients = async (
  ours: Tensors,
  { names, host }: Fixture,
  prefix: string,
  floors: GradientFloors,
): Promise<Measure[]> => {
  const [a, b]: Float32Array[][] = [[], []];
  const measures: Measure[] = [];
  for (const key of names.filter(name => name.startsWith(prefix) && name !== `${prefix}x`)) {
    const name = key.slice(prefix.length);
    if (!(name in ours)) throw new Error(`no gradient of ${name}`);
    const theirs = host(key).data as Float32Array;
    const mine = (await inReferenceLayout(ours[name])).subarray(0, theirs.length);
    a.push(mine);
    b.push(theirs);
    if (isNoise(name) || (theirs.length === 1 && !floors.singles)) continue;
    measures.push(array(`d ${name}`, mine, theirs, floors.each));
  }
  if (a.length === 0) return [];
  const joined = (parts: Float32Array[]): Float32Array => {
    const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
    parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
    return whole;
  };
  return [array('all gradients', joined(a), joined(b), floors.all), ...measures];
};

/** Norms and, where recorded, projections sum_i g_i sin(0.37 (i + 1)), for gradients whose arrays are too large to keep. */
export const gradientNorms = async (
  ours: Tensors,
  norms: Record<string, number>,
  floor: number = TYPICAL.gradient,
  projections: Record<string, number> = {},
): Promise<Measure[]> => {
  const measures: Measure[] = [];
  for (const name of Object.keys(norms).filter(key => !isNoise(key))) {
    const values = await inReferenceLayout(ours[name]);
    measures.push(scalar(`|d ${name}|`, normOf(values), norms[name], floor));
    if (!(name in projections)) continue;
    const projection = values.reduce((sum, g, i) => sum + g * Math.sin(0.37 * (i + 1)), 0);
    measures.push({
      quantity: `projection of d ${name}`,
      error: Math.abs(projection - projections[name]) / norms[name],
      floor,
    });
  }
  return measures;
};
