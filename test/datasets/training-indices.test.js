'use strict';
var __importDefault =
  (this && this.__importDefault) ||
  function (mod) {
    return mod && mod.__esModule ? mod : { default: mod };
  };
Object.defineProperty(exports, '__esModule', { value: true });
const strict_1 = __importDefault(require('node:assert/strict'));
const node_test_1 = require('node:test');
const datasets_1 = require('../../src/datasets');
const steps = (length, seed, batch, count) =>
  Array.from({ length: count }, (_, step) => (0, datasets_1.trainingIndices)({ length }, { seed, step, batch })).flat();
(0, node_test_1.test)('drawn data are read in order, every sample once', () => {
  strict_1.default.deepEqual(steps(Infinity, 7, 4, 3), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
});
(0, node_test_1.test)('stored data: every epoch is a permutation, also where steps straddle epochs', () => {
  const read = steps(10, 1, 4, 15); // 60 samples = 6 epochs of 10
  const epochs = Array.from({ length: 6 }, (_, e) => read.slice(10 * e, 10 * e + 10));
  for (const epoch of epochs)
    strict_1.default.deepEqual(
      [...epoch].sort((a, b) => a - b),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    );
  strict_1.default.equal(new Set(epochs.map(String)).size, 6, 'epochs differ in order');
});
(0, node_test_1.test)('the order depends on the seed alone', () => {
  strict_1.default.deepEqual(steps(50, 3, 8, 10), steps(50, 3, 8, 10));
  strict_1.default.notDeepEqual(steps(50, 3, 8, 10), steps(50, 4, 8, 10));
});
(0, node_test_1.test)('a step cut into accumulation rounds reads the same samples', () => {
  const whole = (0, datasets_1.trainingIndices)({ length: 30 }, { seed: 5, step: 4, batch: 8 });
  const rounds = [
    [0, 3],
    [3, 3],
    [6, 2],
  ].flatMap(([first, count]) =>
    (0, datasets_1.trainingIndices)({ length: 30 }, { seed: 5, step: 4, batch: 8, first, count }),
  );
  strict_1.default.deepEqual(rounds, whole);
});
(0, node_test_1.test)('the first sample of an epoch is uniform over the data', () => {
  const counts = new Array(5).fill(0);
  for (let seed = 0; seed < 2000; seed++)
    counts[(0, datasets_1.trainingIndices)({ length: 5 }, { seed, step: 0, batch: 1 })[0]]++;
  // 400 expected each, standard deviation 17.9
  for (const count of counts) strict_1.default.ok(Math.abs(count - 400) < 5 * 17.9, String(counts));
});
(0, node_test_1.test)('more samples than the step holds are refused', () => {
  strict_1.default.throws(
    () => (0, datasets_1.trainingIndices)({ length: 9 }, { seed: 0, step: 0, batch: 4, first: 2, count: 3 }),
    /count/,
  );
  strict_1.default.throws(
    () => (0, datasets_1.trainingIndices)({ length: 0 }, { seed: 0, step: 0, batch: 4 }),
    /dataset\.length/,
  );
});
