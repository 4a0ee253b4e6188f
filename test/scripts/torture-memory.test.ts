import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { growth, WORKS } from '../../scripts/torture/memory-work';
import { selectBackend } from '../../src/compute/backend';
import { dismissWorkers } from '../../src/compute/onnx';
import { withFolder } from '../temporary-folder';

// `npm run torture -- memory` does 1,000 steps and 200 runs, and looks at the resident memory too.
before(() => selectBackend({ backend: 'wasm' }));

describe('what a process holds stays the same', () => {
  for (const engine of ['eager', 'onnx'] as const)
    test(`over steps, checkpoints, samples and runs on the ${engine} engine`, () =>
      withFolder(async dir => {
        const steps = await WORKS.steps(engine, dir, 12, 3);
        assert.deepEqual(
          steps.map(({ done }) => done),
          [4, 8, 12],
        );
        assert.deepEqual(growth(steps), []);
        const cycles = await WORKS.cycles(engine, dir, 6, 3);
        assert.deepEqual(growth(cycles), []);
        assert.equal(cycles[0].tensors, 0);
        await dismissWorkers();
      }));
});
