import assert from 'node:assert/strict';
import type * as tf from '@tensorflow/tfjs-core';
import { normal } from '../src/compute/noise';

/** Asserts |actual - expected| <= tolerance. */
export const assertClose = (actual: number, expected: number, tolerance: number, what = 'value'): void =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${what}: ${actual}, expected ${expected} +- ${tolerance}`);

/** Asserts that every element lies within tolerance * max(1, largest expected magnitude). */
export const assertAllClose = (
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what = 'array',
): void => {
  assert.equal(actual.length, expected.length, `${what}: lengths`);
  let scale = 1;
  for (let i = 0; i < expected.length; i++) scale = Math.max(scale, Math.abs(expected[i]));
  for (let i = 0; i < expected.length; i++)
    assertClose(actual[i], expected[i], tolerance * scale, `${what}, element ${i}`);
};

/** A tensor's values as host numbers. */
export const valuesOf = async (t: tf.Tensor): Promise<number[]> => Array.from(await t.data());

/** `count` standard normal numbers, another block for every stream. */
export const gaussians = (count: number, stream: string): Float32Array => normal({ seed: 20, stream }, count);

export const mean = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
};

export const variance = (values: ArrayLike<number>): number => {
  const centre = mean(values);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] - centre) ** 2;
  return sum / values.length;
};
