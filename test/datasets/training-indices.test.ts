import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trainingIndices } from '../../src/datasets';

const steps = (length: number, seed: number, batch: number, count: number): number[] =>
  Array.from({ length: count }, (_, step) => trainingIndices({ length }, { seed, step, batch })).flat();

test('drawn data are read in order, every sample once', () => {
  assert.deepEqual(steps(Infinity, 7, 4, 3), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
});

test('stored data: every epoch is a permutation, also where steps straddle epochs', () => {
  const read = steps(10, 1, 4, 15); // 60 samples = 6 epochs of 10
  const epochs = Array.from({ length: 6 }, (_, e) => read.slice(10 * e, 10 * e + 10));
  for (const epoch of epochs)
    assert.deepEqual(
      [...epoch].sort((a, b) => a - b),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    );
  assert.equal(new Set(epochs.map(String)).size, 6, 'epochs differ in order');
});

test('the order depends on the seed alone', () => {
  assert.deepEqual(steps(50, 3, 8, 10), steps(50, 3, 8, 10));
  assert.notDeepEqual(steps(50, 3, 8, 10), steps(50, 4, 8, 10));
});

test('a step cut into accumulation rounds reads the same samples', () => {
  const whole = trainingIndices({ length: 30 }, { seed: 5, step: 4, batch: 8 });
  const rounds = [
    [0, 3],
    [3, 3],
    [6, 2],
  ].flatMap(([first, count]) => trainingIndices({ length: 30 }, { seed: 5, step: 4, batch: 8, first, count }));
  assert.deepEqual(rounds, whole);
});

test('the first sample of an epoch is uniform over the data', () => {
  const counts = new Array<number>(5).fill(0);
  for (let seed = 0; seed < 2000; seed++) counts[trainingIndices({ length: 5 }, { seed, step: 0, batch: 1 })[0]]++;
  // 400 expected each, standard deviation 17.9
  for (const count of counts) assert.ok(Math.abs(count - 400) < 5 * 17.9, String(counts));
});

test('more samples than the step holds are refused', () => {
  assert.throws(() => trainingIndices({ length: 9 }, { seed: 0, step: 0, batch: 4, first: 2, count: 3 }), /count/);
  assert.throws(() => trainingIndices({ length: 0 }, { seed: 0, step: 0, batch: 4 }), /dataset\.length/);
});
