import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { test } from 'node:test';
import { damaged, outcomeOf } from '../../scripts/torture/damaged';
import { fileKinds } from '../../scripts/torture/file-kinds';
import { temporaryFolder } from '../temporary-folder';

const EACH = 25;

test('damaged files of every kind are read or refused by a named error; good ones are read', async t => {
  for (const [kind, { good, read }] of Object.entries(await fileKinds()))
    await t.test(kind, async () => {
      const place = temporaryFolder();
      await read(good[0], place());
      for (let index = 0; index < EACH; index++) {
        const own = await mkdtemp(place('file-'));
        const { outcome, problem } = await outcomeOf(() => read(damaged(kind, good, index), own));
        assert.notEqual(outcome, 'failed', `file ${index}: ${problem}`);
      }
    });
});
