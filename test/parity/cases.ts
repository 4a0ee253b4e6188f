import assert from 'node:assert/strict';
import { basename, dirname } from 'node:path';
import { describe, test } from 'node:test';
import { findCases, runCase } from '../../scripts/parity/cases';
import { LIMIT, passes, ratioOf } from '../../scripts/parity/measure';
import { type BackendName, selectBackend } from '../../src/compute/backend';
import { goldenFolder } from '../golden';

/** Every recorded case of the reference on one backend, within ten noise floors. */
export const testCases = (backend: BackendName): void => {
  describe(`against PyTorch on ${backend}, within ${LIMIT} noise floors`, () => {
    for (const path of findCases(goldenFolder)) {
      const kind = basename(dirname(path));
      test(`${kind}/${basename(path, '.json')}`, async () => {
        await selectBackend({ backend });
        const { measures, problem } = await runCase(path);
        assert.equal(problem, undefined);
        assert.ok(measures.length > 0, 'nothing was measured');
        const missed = measures.filter(measure => !passes(measure));
        const lines = missed.map(m => `${m.quantity}: ${m.error}, ${ratioOf(m)} floors`);
        assert.deepEqual(lines, []);
      });
    }
  });
};
