import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { selectBackend } from '../../src/compute/backend';
import { digits, indexRange, networkUnits } from '../../src/datasets';
import { loadFeatures } from '../../src/evaluation';
import { classStudy } from '../../src/studies';
import { assertClose } from '../close';

before(() => selectBackend({ backend: 'wasm' }));

/** Real digits by class, in the order of the labels asked for; `same`: one digit of each class again and again. */
const realDigits = async (labels: readonly number[], { same }: { same: boolean }) => {
  const { x, labels: own } = await digits({ seed: 5, split: 'test' }).batch(indexRange(1500));
  const pixels = networkUnits(x);
  const byClass = Array.from({ length: 10 }, (_, c) => [...own.keys()].filter(i => own[i] === c));
  const data = new Float32Array(labels.length * 256);
  labels.forEach((label, i) => {
    const at = byClass[label][same ? 0 : Math.floor(i / 10)];
    data.set(pixels.subarray(at * 256, (at + 1) * 256), i * 256);
  });
  return { data, n: labels.length, shape: [16, 16, 1] };
};

test('real digits are accurate and as diverse as real ones; one digit a class has no diversity', async () => {
  const contender = (same: boolean) => ({
    series: 'CoSIM' as const,
    steps: same ? 1 : 4,
    seed: 0,
    draw: ({ labels }: { labels?: number[] }) => realDigits(labels!, { same }),
  });
  const done: number[] = [];
  const classifier = await loadFeatures('digits');
  const options = { real: digits({ seed: 1, split: 'test' }), classifier, classes: indexRange(10), perClass: 80 };
  const points = await classStudy([contender(false), contender(true)], options, { onProgress: n => done.push(n) });
  assert.equal(points.length, 20);
  assert.deepEqual(done, [1, 2]);
  for (const { steps, accuracy, diversity, label } of points) {
    if (steps === 1) assert.equal(diversity, 0, `class ${label}`);
    else assertClose(diversity, 1, 0.4, `class ${label}`);
    if (steps === 4) assert.ok(accuracy > 0.93, `class ${label}: ${accuracy}`);
  }
  await classifier.dispose();
});
