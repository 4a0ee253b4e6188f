import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { randomSource } from '../../src/compute/noise';
import { goldenCheckpoint } from './golden';
import { mutate } from '../../scripts/torture/mutate';
import { refusal } from './pickle-bytes';

const files = [
  ...[0, 1, 2, 3, 4, 5].map(protocol => `protocols/snapshot.proto${protocol}.pkl`),
  'mixed.pickle.pkl',
  'mixed.pt',
  'mixed.legacy.pt',
  'state_dict.safetensors',
  'state_dict.pt',
];
const large = ['edm_ddpmpp.nosrc.pkl', 'edm2_fp16.nosrc.pkl', 'edm_adm.nosrc.pkl', 'training_state.nosrc.pt'];

test('5,250 damaged files: no crash, nothing slower than a second, memory bounded, no prototype changed', async t => {
  const prototype = Object.getOwnPropertyNames(Object.prototype).sort();
  const codes = new Map<string, number>();
  let slowest = 0;
  const damage = async (names: string[], count: number, stream: string): Promise<void> => {
    const random = randomSource({ seed: 2, stream });
    const good = names.map(name => readFileSync(goldenCheckpoint(name)));
    for (let i = 0; i < count; i++) {
      let bytes = mutate(good[i % good.length], random);
      if (random.integer(4) === 0) bytes = mutate(bytes, random);
      const started = process.cpuUsage();
      const code = await refusal(bytes); // throws on with anything but a CheckpointError
      const { user, system } = process.cpuUsage(started); // the clock's time depends on what else runs
      slowest = Math.max(slowest, (user + system) / 1000);
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
  };
  await damage(files, 5000, 'small');
  await damage(large, 250, 'large');
  assert.ok(slowest < 1000, `one took ${slowest} ms`);
  assert.ok(process.memoryUsage().rss < 2 ** 29, `${process.memoryUsage().rss} bytes in the end`);
  assert.deepEqual(Object.getOwnPropertyNames(Object.prototype).sort(), prototype);
  assert.ok(codes.size > 20, `${codes.size} kinds of refusal only`);
  const table = [...codes].sort(([, a], [, b]) => b - a).map(([code, count]) => `${code} ${count}`);
  t.diagnostic(`5,250 mutations, slowest ${slowest.toFixed(0)} ms: ${table.join(', ')}`);
});

test('any bytes at all end in a CheckpointError or are read', async () => {
  const opcode = fc.constantFrom(
    ...Buffer.from('NIJKMGSUVX(0123)t]laed}sucRbioPQpqghjr.\x80\x81\x85\x86\x87\x88\x8c\x93\x94\x8f\x90', 'latin1'),
  );
  const stream = fc.array(fc.oneof({ weight: 4, arbitrary: opcode }, fc.integer({ min: 0, max: 255 })), {
    maxLength: 80,
  });
  await fc.assert(
    fc.asyncProperty(stream, fc.boolean(), async (codes, header) => {
      assert.match(await refusal(Buffer.from(header ? [0x80, 4, ...codes] : codes)), /^[a-z-]+$/);
    }),
    { numRuns: 5000, seed: 4 },
  );
});
