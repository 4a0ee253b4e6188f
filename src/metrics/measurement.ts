import type { Points } from '../compute/host-arrays';
import { fail } from '../compute/check';

/** What a distance between two sets measured, with the sizes it depends on. */
export type Measurement = {
  value: number;
  /** Samples that were measured. */
  n: number;
  /** Reference points. */
  nReference: number;
};

/** Checks that data hold n points of d numbers, and at least `min` of them. */
export const expectPoints = (where: string, name: string, { data, n, d }: Points, min = 1): void => {
  if (!Number.isInteger(n) || n < min) fail(where, `${name}.n`, `an integer of at least ${min}`, n);
  if (!Number.isInteger(d) || d < 1) fail(where, `${name}.d`, 'an integer of at least 1', d);
  if (data.length !== n * d) fail(where, `${name}.data`, `n * d = ${n * d} numbers`, data.length);
};

/** Checks two sets of points of the same dimension. */
export const expectPair = (where: string, samples: Points, reference: Points, min = 1): void => {
  expectPoints(where, 'samples', samples, min);
  expectPoints(where, 'reference', reference, min);
  if (samples.d !== reference.d) fail(where, 'reference.d', `that of the samples, ${samples.d}`, reference.d);
};

/** Checks that every coordinate is a finite number: a single NaN would make a metric of counts wrong without a sign of it. */
export const expectFinite = (where: string, name: string, { data, d }: Points): void => {
  for (let i = 0; i < data.length; i++)
    if (!Number.isFinite(data[i])) fail(where, `${name}: row ${Math.floor(i / d)}`, 'finite numbers', data[i]);
};
