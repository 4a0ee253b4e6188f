import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { killJob } from '../../scripts/torture/dying';
import { selectBackend } from '../../src/compute/backend';

// `npm run torture -- dying` kills hundreds of processes at five kinds of work.
before(() => selectBackend({ backend: 'wasm' }));

for (const job of ['distil, eager', 'sample'])
  test(`a process that is killed leaves what can be opened and gone on from: ${job}`, async () => {
    const { attempted, held, whole, failures } = await killJob(job, 1);
    assert.deepEqual(failures, []);
    assert.deepEqual([attempted, held], [1, 1]);
    assert.ok(whole >= 1);
  });
