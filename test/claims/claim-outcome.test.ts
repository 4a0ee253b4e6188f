import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResultRow } from '../../src/claims';
import { testOrder, withRange } from '../../src/claims/claim-outcome';
import { clearlyLower, leastVisible } from '../../src/claims/clearly-lower';

const runs = (...values: number[]): ResultRow[] => values.map((value, seed) => ({ series: 'a', seed, value }));

/** Of other seeds than `runs`: no pairs. */
const others = (...values: number[]): ResultRow[] => runs(...values).map(row => ({ ...row, seed: row.seed + 10 }));

test('of other seeds, ranges that do not overlap are clear; ranges that touch are not', () => {
  assert.ok(clearlyLower(runs(1, 2, 3), others(3.1, 9, 5)));
  assert.ok(!clearlyLower(others(3.1, 9, 5), runs(1, 2, 3)));
  assert.ok(!clearlyLower(runs(1, 2, 3), others(3, 9, 4)));
});

/** Beside each case the p value: with three values, 0.5 + t / (2 sqrt(2 + t^2)), Student's distribution of two degrees. */
test('of the same seeds, the log ratios decide by a one-sided t-test at 5 %', () => {
  const high = runs(10, 20, 30);
  assert.ok(clearlyLower(runs(9, 18.9, 29), high), 'p 0.0452');
  assert.ok(!clearlyLower(runs(9, 18.9, 29.2), high), 'p 0.0551');
  assert.ok(clearlyLower(runs(9, 18, 27), runs(10, 20, 30)), 'the same ratio everywhere');
  assert.ok(!clearlyLower(runs(9, 19, 30.1), high), 'one seed disagrees: p 0.122');
  assert.ok(!clearlyLower(others(9, 18.9, 29), high), 'other seeds are no pairs');
});

test('blocks of samples are paired with blocks of the same samples, never with training seeds of the same numbers', () => {
  const blocks = (rows: ResultRow[]): ResultRow[] => rows.map(row => ({ ...row, ofBlock: true }));
  const teacher = (rows: ResultRow[]): ResultRow[] => rows.map(row => ({ ...row, series: 'teacher' }));
  const [low, high] = [runs(9, 18.9, 29), runs(10, 20, 30)];
  assert.ok(clearlyLower(blocks(low), blocks(high)));
  assert.ok(clearlyLower(blocks(low), teacher(high)));
  for (const of of [blocks, teacher]) assert.ok(!clearlyLower(low, of(high)) && !clearlyLower(of(low), high));
  const pair = { what: 'x', lower: low, higher: high };
  assert.equal(testOrder(pair).oneTraining, undefined);
  assert.equal(testOrder({ ...pair, higher: teacher(blocks(high)) }).oneTraining, undefined);
  assert.equal(testOrder({ ...pair, higher: blocks(high) }).oneTraining, true);
});

test('the least visible difference is where the rule begins to say so', () => {
  const seen = (lower: ResultRow[], higher: ResultRow[]) => {
    const share = leastVisible({ lower, higher });
    const ratio = (rows: ResultRow[]) => rows.reduce((product, { value }) => product * value, 1) ** (1 / rows.length);
    const own = ratio(lower) / ratio(higher);
    const scaled = (by: number) => lower.map(row => ({ ...row, value: (row.value / own) * by }));
    assert.ok(clearlyLower(scaled((1 - share) * 0.999), higher));
    assert.ok(!clearlyLower(scaled((1 - share) * 1.001), higher));
  };
  seen(runs(5, 6, 5.5), runs(5.2, 6.3, 5.1));
  seen(runs(1, 3, 2, 4), runs(9, 9.1, 30, 12));
  assert.equal(leastVisible({ lower: runs(1, 1), higher: runs(2, 2, 2) }), Infinity);
});

test('chance alone is beyond the noise in about one of twenty comparisons of three and three', () => {
  let state = 1;
  const uniform = (): number => (state = (state * 48271) % 2147483647) / 2147483647; // Lehmer's generator
  const gauss = (): number => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  const draw = (): number[] => [0, 0, 0].map(() => Math.exp(0.1 * gauss()));
  const rate = (of: (...values: number[]) => ResultRow[]): number => {
    const found = Array.from({ length: 20_000 }, () => clearlyLower(runs(...draw()), of(...draw())));
    return found.filter(Boolean).length / found.length;
  };
  for (const of of [runs, others]) assert.ok(Math.abs(rate(of) - 0.05) < 0.006); // four deviations of such a rate
});

test('two values say nothing of their spread', () => {
  assert.ok(!clearlyLower(runs(1, 1), runs(100, 100, 100)));
  const { verdict, numbers } = testOrder({ what: 'x', lower: runs(1, 1), higher: runs(9, 9, 9) });
  assert.deepEqual([verdict, numbers], ['not measured', '2 of at least 3 values']);
});

test('a verdict carries means, ranges, the reason and what it could have seen', () => {
  const pair = (lower: ResultRow[], higher: ResultRow[]) => testOrder({ what: '4 against 2', lower, higher });
  assert.deepEqual(pair(runs(1, 2, 3), others(4, 5, 6)), {
    verdict: 'holds',
    numbers: '4 against 2: 2.00 [1.00, 3.00] against 5.00 [4.00, 6.00], beyond the noise',
    brief: '2.00 < 5.00',
    visible: '40 %', // 1 + 1 of 5
  });
  const { verdict, numbers, brief } = pair(others(4, 5, 6), runs(1, 2, 3));
  assert.equal(verdict, 'contradicted');
  assert.equal(numbers.replace(/^.*\], /, ''), 'the other way round, beyond the noise');
  assert.equal(brief, '5.00 > 2.00');
  for (const [a, b] of [[runs(1, 5, 3), runs(4, 2, 4)], [runs(4, 2, 4), runs(1, 5, 3)]]) assert.equal(pair(a, b).verdict, 'within the noise'); // prettier-ignore
  assert.equal(testOrder().verdict, 'not measured');
  assert.equal(withRange(runs(1234, 1300, 1266)), '1,270 [1,230, 1,300]');
});
