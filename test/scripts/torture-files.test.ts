import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { damaged, outcomeOf } from '../../scripts/torture/damaged';
import { fileKinds } from '../../scripts/torture/file-kinds';

const EACH = 25;

test('damaged files of every kind are read or refused by a named error; good ones are read', async t => {
  for (const [kind, { good, read }] of Object.entries(await fileKinds()))
    await t.test(kind, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'cosim-'));
      try {
        await read(good[0], folder);
        for (let index = 0; index < EACH; index++) {
          const own = await mkdtemp(join(folder, 'file-'));
          const { outcome, problem } = await outcomeOf(() => read(damaged(kind, good, index), own));
          assert.notEqual(outcome, 'failed', `file ${index}: ${problem}`);
        }
      } finally {
        await rm(folder, { recursive: true });
      }
    });
});
