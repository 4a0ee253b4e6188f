/* What the figures of a long study have of it can be drawn again without its networks. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { storedPoints, storedSearched } from '../../scripts/study/stored';
import { LONG_STUDIES, type LongStudyName } from '../../src/studies';

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

    test('searched points have times, values and blocks', async () => {
      const searched = await storedSearched(study);
      assert.ok(searched.length > 0);
      for (const { steps, times, value, blocks, landscape, madeBy } of searched) {
        assert.equal(times.length, steps);
        assert.ok(value > 0 && blocks.length === 3 && landscape.length > 1);
        assert.ok(madeBy!.every(({ commit }) => commit.length >= 7));
      }
    });
  });
