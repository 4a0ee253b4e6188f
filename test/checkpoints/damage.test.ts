import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { randomSource } from '../../src/compute/noise';
import { goldenCheckpoint } from './golden';
import { mutate } from '../../scripts/torture/mutate';
import { refusal } from './pickle-bytes';

test('a snapshot cut off at any of its first 4096 bytes, and at 500 places after, is refused', async () => {
  const good = readFileSync(goldenCheckpoint('edm_ddpmpp.nosrc.pkl'));
  const random = randomSource({ seed: 0, stream: 'cuts' });
  const later = Array.from({ length: 500 }, () => 4096 + random.integer(good.length - 4096));
  for (const length of [...Array(4096).keys(), ...later]) {
    const code = await refusal(good.subarray(0, length));
    assert.match(code, length === 0 ? /^unknown-format$/ : /^pickle-truncated$/, `cut at ${length}`);
  }
});

// test/checkpoints/mutations.long.test.ts does ten times as many.
test('2,000 damaged files end in a CheckpointError or are read, never in another error', async () => {
  const random = randomSource({ seed: 1, stream: 'damage' });
  const files = ['protocols/snapshot.proto0.pkl', 'protocols/snapshot.proto4.pkl', 'mixed.pt', 'mixed.legacy.pt'];
  const good = files.map(name => readFileSync(goldenCheckpoint(name)));
  let accepted = 0;
  for (let i = 0; i < 2000; i++) if ((await refusal(mutate(good[i % good.length], random))) === 'accepted') accepted++;
  assert.ok(accepted > 20 && accepted < 1200, `${accepted} accepted: a bit of a weight may change unseen`);
});
