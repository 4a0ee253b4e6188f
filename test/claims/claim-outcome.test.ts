import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResultRow } from '../../src/claims';
import { clearlyLower, testOrder, withRange } from '../../src/claims/claim-outcome';

const runs = (...values: number[]): ResultRow[] => values.map((value, seed) => ({ series: 'a', seed, value }));

test('ranges that do not overlap are clear; ranges that touch are not', () => {
  assert.ok(clearlyLower(runs(1, 2, 3), runs(3.1, 9, 5)));
  assert.ok(!clearlyLower(runs(3.1, 9, 5), runs(1, 2, 3)));
  assert.ok(!clearlyLower(runs(1, 2, 3).reverse(), [...runs(3, 9), { series: 'a', seed: 7, value: 4 }]));
});

test('overlapping ranges are clear where every seed agrees by more than the differences vary', () => {
  const high = runs(10, 20, 30);
  assert.ok(clearlyLower(runs(9, 18.9, 29), high), 'differences -1, -1.1, -1');
  assert.ok(!clearlyLower(runs(9, 19, 30.1), high), 'one seed disagrees');
  assert.ok(!clearlyLower(runs(9.99, 19.99, 27), high), 'mean difference -1.007, deviation 1.73');
  const others = runs(9, 18.9, 29).map(row => ({ ...row, seed: row.seed + 10 }));
  assert.ok(!clearlyLower(others, high), 'other seeds are no pairs');
});

test('two values say nothing of their spread', () => {
  assert.ok(!clearlyLower(runs(1, 1), runs(100, 100, 100)));
  const { verdict, numbers } = testOrder({ what: 'x', lower: runs(1, 1), higher: runs(9, 9, 9) });
  assert.deepEqual([verdict, numbers], ['not measured', '2 of at least 3 values']);
});

test('a verdict carries means, ranges and the reason', () => {
  const pair = (lower: ResultRow[], higher: ResultRow[]) => testOrder({ what: '4 against 2', lower, higher });
  assert.deepEqual(pair(runs(1, 2, 3), runs(4, 5, 6)), {
    verdict: 'holds',
    numbers: '4 against 2: 2.00 [1.00, 3.00] against 5.00 [4.00, 6.00], beyond the spread',
  });
  const reason = (lower: ResultRow[], higher: ResultRow[]) => pair(lower, higher).numbers.replace(/^.*\], /, '');
  assert.equal(reason(runs(4, 5, 6), runs(1, 2, 3)), 'the other way round, beyond the spread');
  assert.equal(reason(runs(1, 5, 3), runs(4, 2, 4)), 'within the spread');
  assert.equal(reason(runs(4, 2, 4), runs(1, 5, 3)), 'the other way round, within the spread');
  assert.equal(pair(runs(1, 5, 3), runs(4, 2, 4)).verdict, 'does not hold');
  assert.equal(testOrder().verdict, 'not measured');
  assert.equal(withRange(runs(1234, 1300, 1266)), '1,270 [1,230, 1,300]');
});
