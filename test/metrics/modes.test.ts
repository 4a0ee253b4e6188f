import type { Points } from '../../src/compute/host-arrays';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { indexRange, mixtures, networkUnits, points } from '../../src/datasets';
import { modes } from '../../src/metrics';

const draw = async (name: keyof typeof mixtures, n: number): Promise<Points> => ({
  data: networkUnits((await points(name, { seed: 1 }).batch(indexRange(n))).x),
  n,
  d: 2,
});

const set = (...rows: [number, number][]): Points => ({ data: Float32Array.from(rows.flat()), n: rows.length, d: 2 });

/** Two modes at (-1, 0) and (1, 0): round of deviation 0.1, and 0.2 by 0.1. */
const pair = {
  weights: [0.75, 0.25],
  means: [[-1, 0], [1, 0]], // prettier-ignore
  covariances: [[[0.01, 0], [0, 0.01]], [[0.04, 0], [0, 0.01]]], // prettier-ignore
};

test('samples of the mixture itself cover every mode, lie on modes and follow the weights', async () => {
  const report = modes(await draw('checkerboard', 5000), mixtures.checkerboard);
  assert.equal(report.modes, 18);
  assert.equal(report.covered, 18);
  assert.ok(report.onMode > 0.998, String(report.onMode)); // 1 - exp(-8) = 0.99966
  // the divergence of n samples from their own weights is about (modes - 1) / (2 n) = 0.0017
  assert.ok(report.divergence < 0.005, String(report.divergence));
});

test('at one deviation, 1 - exp(-1/2) of exact samples are on a mode', async () => {
  const { onMode } = modes(await draw('checkerboard', 5000), mixtures.checkerboard, { within: 1 });
  assert.ok(Math.abs(onMode - (1 - Math.exp(-0.5))) < 0.03, String(onMode));
});

test('distances are counted in deviations along each axis of a mode', () => {
  const along = set([1.7, 0], [1, 0.35], [1.9, 0], [1, 0.45]); // 3.5, 3.5, 4.5 and 4.5 deviations
  assert.equal(modes(along, pair).onMode, 0.5);
});

test('collapse onto one mode: one mode covered, divergence -log of its weight', () => {
  const report = modes(set([1, 0], [1.1, 0], [0.9, 0.1], [1, -0.1]), pair);
  assert.equal(report.covered, 1);
  assert.deepEqual(report.occupation, [0, 1]);
  assert.ok(Math.abs(report.divergence - Math.log(4)) < 1e-9);
});

test('a mode needs its share of the samples to count as covered', () => {
  const samples = set(...Array.from({ length: 9 }, (): [number, number] => [-1, 0]), [1, 0]); // 0.1 of 0.25 due
  assert.equal(modes(samples, pair, { share: 0.3 }).covered, 2);
  assert.equal(modes(samples, pair, { share: 0.5 }).covered, 1);
});

test('samples nowhere near a mode: nothing covered, divergence 0', () => {
  const report = modes(set([0, 5], [9, 9]), pair);
  assert.deepEqual([report.onMode, report.covered, report.divergence], [0, 0, 0]);
});

test('samples of another dimension are refused', () => {
  assert.throws(() => modes({ data: new Float32Array(3), n: 1, d: 3 }, pair), /samples\.d/);
});

test('samples that are not finite are refused: they are on no mode, and their divergence would be 0', () => {
  assert.throws(() => modes(set([-1, 0], [NaN, 0]), pair), /modes: samples: row 1 must be finite numbers, got NaN/);
});
