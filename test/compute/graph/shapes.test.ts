import { shapeSize } from '../../../src/compute/host-arrays';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { broadcastShapes, reshapedBeforeBroadcast, resolveAxes } from '../../../src/compute/graph/shapes';
import { at, build, type Nd } from './arrays';

const broadcast = (x: Nd, shape: readonly number[]): Nd => build(shape, (...index) => at(x, index));
const numbered = (shape: readonly number[]): Nd => {
  let next = 0;
  return build(shape, () => next++);
};

/** All shapes of one size: [12], [2, 6], [1, 3, 4], ... with up to `rank` axes. */
const shapesOfSize = (size: number, rank: number): number[][] =>
  rank === 1
    ? [[size]]
    : [
        ...shapesOfSize(size, rank - 1),
        ...[1, 2, 3, 4, 6]
          .filter(n => size % n === 0)
          .flatMap(n => shapesOfSize(size / n, rank - 1).map(s => [n, ...s])),
      ];

test('a reshape moves inside a broadcast exactly where some shape of the small tensor gives the same elements', () => {
  let [moved, stayed] = [0, 0];
  fc.assert(
    fc.property(
      fc.constantFrom(...shapesOfSize(24, 4)),
      fc.nat(15),
      fc.constantFrom(...shapesOfSize(24, 4)),
      (large, repeated, target) => {
        const small = large.map((n, i) => ((repeated >> i) % 2 === 1 ? 1 : n));
        const x = numbered(small);
        const expected = [...broadcast(x, large).data];
        const fits = (shape: readonly number[]): boolean =>
          broadcast({ shape, data: x.data }, target).data.every((v, i) => v === expected[i]);
        const found = reshapedBeforeBroadcast(small, large, target);
        if (found) {
          moved++;
          assert.equal(found.length, target.length);
          assert.equal(shapeSize(found), shapeSize(small));
          assert.ok(fits(found), `[${small}] to [${large}] to [${target}]: [${found}]`);
          return;
        }
        // undefined: no shape made of ones and the target's sizes would do
        stayed++;
        for (let kept = 0; kept < 2 ** target.length; kept++) {
          const shape = target.map((n, i) => ((kept >> i) % 2 === 1 ? n : 1));
          assert.ok(shapeSize(shape) !== shapeSize(small) || !fits(shape), `[${small}] to [${large}] to [${target}]: [${shape}] was missed`); // prettier-ignore
        }
      },
    ),
    { seed: 3, numRuns: 3000 },
  );
  assert.ok(moved > 300 && stayed > 300, `${moved} moved, ${stayed} stayed`);
});

test('shapes broadcast as in NumPy, whatever the order; others are refused', () => {
  for (const [a, b, both] of [
    [[2, 3], [3], [2, 3]],
    [
      [2, 1],
      [1, 5],
      [2, 5],
    ],
    [[], [4], [4]],
    [
      [3, 1, 2],
      [7, 1],
      [3, 7, 2],
    ],
    [[0], [1], [0]],
  ]) {
    assert.deepEqual(broadcastShapes(a, b), both);
    assert.deepEqual(broadcastShapes(b, a), both);
  }
  assert.throws(() => broadcastShapes([2, 3], [2]), /\[2,3\] and \[2\] do not broadcast/);
});

test('axes count from the end where negative, all of them by default', () => {
  assert.deepEqual(resolveAxes(4, [-1, 0]), [0, 3]);
  assert.deepEqual(resolveAxes(3, -2), [1]);
  assert.deepEqual(resolveAxes(3, null), [0, 1, 2]);
  assert.deepEqual(resolveAxes(3, []), []);
});
