import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { CACHE_KINDS } from '../../scripts/torture/cache-kinds';
import { damageCache } from '../../scripts/torture/caches';
import { selectBackend } from '../../src/compute/backend';

// `npm run torture -- caches` tries hundreds; here every kind meets each damage on at least one of its files.
before(() => selectBackend({ backend: 'wasm' }));

describe('a damaged cache gives the numbers of an undamaged one', () => {
  for (const kind of Object.keys(CACHE_KINDS))
    test(kind, async () => {
      const { attempted, held, failures } = await damageCache(kind, 24);
      assert.deepEqual(failures, []);
      assert.deepEqual([attempted, held], [24, 24]);
    });
});
