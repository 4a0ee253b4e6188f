/* What the figures of a long study have of it can be drawn again without its networks. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  besideStored,
  searchedRows,
  storedCalls,
  storedEnds,
  storedPoints,
  storedSearched,
} from '../../scripts/study/stored';
import type { MetricResult } from '../../src/metrics';
import { makerKey } from '../../src/provenance';
import { LONG_STUDIES, type LongStudyName, type SearchedPoint, type StudyPoint } from '../../src/studies';

for (const study of Object.keys(LONG_STUDIES) as LongStudyName[])
  describe(`stored numbers of the long study of ${study}`, () => {
    test('each point is there once, in full, with all that made it', async () => {
      const points = await storedPoints(study);
      const keys = points.map(({ series, seed, images, steps }) => [series, seed, images, steps].join());
      assert.equal(new Set(keys).size, keys.length);
      assert.ok(points.some(({ series }) => series === 'teacher'));
      assert.ok(points.some(({ series }) => series === 'CoSIM'));
      for (const { series, results, madeBy } of points) {
        assert.ok(results[0].blocks.length > 0 && results[0].features.sha256.length === 64);
        assert.ok(series === 'teacher' || madeBy!.length > 0);
        for (const { commit, machine } of madeBy ?? []) assert.ok(commit.length >= 7 && machine.cores > 0);
      }
    });

    test('what made them is one record in all its figures: its seconds count once where they are drawn together', async () => {
      const points = [...(await storedPoints(study)), ...(await storedSearched(study)), ...(await storedCalls(study))];
      const makers = new Set(points.flatMap(({ madeBy }) => madeBy ?? []));
      assert.equal(new Set([...makers].map(makerKey)).size, makers.size);
    });

    test('searched points have times, values and blocks', async () => {
      const searched = await storedSearched(study);
      assert.equal(searched.length > 0, study !== 'settings', 'all but this one search');
      for (const { steps, times, value, blocks, landscape, madeBy } of searched) {
        assert.equal(times.length, steps);
        assert.ok(value > 0 && blocks.length === 3 && landscape.length > 1);
        assert.ok(madeBy!.every(({ commit }) => commit.length >= 7));
      }
    });
  });

test('ends of several trainings are there, each with what trained it; of one training there are none', async () => {
  const ends = await storedEnds('digits');
  const keys = ends.map(({ seed, steps }) => `${seed} ${steps}`).sort();
  assert.deepEqual(
    keys,
    [0, 1, 2].flatMap(seed => [1, 2, 4, 6].map(steps => `${seed} ${steps}`)),
  );
  assert.ok(ends.every(({ madeBy, trainingSeconds }) => madeBy!.length > 0 && trainingSeconds > 0));
  await assert.rejects(storedEnds('cifar10'), /no ends of several trainings of CoSIM/);
});

const resultOf = (value: number, n = 10): MetricResult => ({
  metric: 'fd',
  value,
  blocks: [value - 1, value, value + 1],
  spread: 2,
  smallerIsBetter: true,
  n,
  nReference: 20,
  options: {},
  features: { name: 'pixels', d: 4, sha256: 'a'.repeat(64), preprocessing: '' },
  reference: null,
  seeds: [],
  floor: 1,
  floorBlocks: [1, 1, 1],
  floorOf: '',
});

describe('numbers that were measured now beside stored ones', () => {
  const point = (series: string, seed: number, value: number, n?: number): StudyPoint => ({ series, seed, images: 8, steps: 2, trainingSeconds: 1, results: [resultOf(value, n)] }); // prettier-ignore
  const valuesOf = (points: readonly StudyPoint[]): unknown[] =>
    points.map(({ series, seed, results }) => [series, seed, results[0].value]);

  test('take the place of the same points, and stand behind the others', () => {
    const stored = [point('CoSIM', 0, 5), point('SiD', 0, 6), point('CoSIM', 1, 7)];
    const all = besideStored(stored, [point('SiD', 0, 8), point('SiD', 1, 9)]);
    assert.deepEqual(valuesOf(all), [['CoSIM', 0, 5], ['CoSIM', 1, 7], ['SiD', 0, 8], ['SiD', 1, 9]]); // prettier-ignore
    assert.deepEqual(valuesOf(besideStored([], [point('SiD', 0, 8)])), [['SiD', 0, 8]]);
  });

  test('measured otherwise they are refused', () => {
    const message = /the figures have n = 10, pixels a+, measured was n = 12, pixels a+: measure all arms at once/;
    assert.throws(() => besideStored([point('CoSIM', 0, 5)], [point('SiD', 0, 6, 12)]), message);
  });

  test('searched points of one training keep their blocks, those of several count as one value each', () => {
    const searched = (seed: number): SearchedPoint => ({ series: 'CoSIM', seed, images: 8, steps: 1, times: [80], landscape: [], result: resultOf(5) }); // prettier-ignore
    const [one] = searchedRows([searched(0)]);
    assert.deepEqual([one.value, one.blocks, one.results?.[0].blocks], [5, [4, 5, 6], [4, 5, 6]]);
    for (const row of searchedRows([searched(0), searched(1)])) assert.ok(row.value === 5 && !('results' in row));
  });
});
