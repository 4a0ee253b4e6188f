import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goldenCheckpoint } from '../checkpoints/golden';
import { cosim } from './commands';

test('inspect says what network a snapshot holds, what it was made with and trained on, and every tensor', async () => {
  const { code, out, err } = await cosim('inspect', goldenCheckpoint('edm_ddpmpp.nosrc.pkl'));
  assert.deepEqual([code, err], [0, '']);
  assert.match(out, /^file +edm_ddpmpp\.nosrc\.pkl, 248,963 bytes, pickle$/m);
  assert.match(out, /^network +ema: EDMPrecond$/m);
  assert.match(out, /ddpmpp, samples \[8, 8, 3\], unconditional, [\d,]+ parameters/);
  assert.match(out, /channel_mult = \[1,2\]/);
  assert.match(out, /loss_fn = \{"class_name":"EDMLoss","P_mean":-1.2,"P_std":1.2,"sigma_data":0.5\}/);
  assert.match(out, /^ +ema\.model\.map_augment\.weight +F32 +\[8, 9\]$/m);
  const short = await cosim('inspect', goldenCheckpoint('edm_ddpmpp.nosrc.pkl'), '--no-tensors');
  assert.ok(out.startsWith(short.out) && !short.out.includes('map_augment'));
});

test('inspect gives the same as JSON', async () => {
  const { out } = await cosim('inspect', goldenCheckpoint('edm2_fp16.nosrc.pkl'), '--json');
  const { format, parts, tensors } = JSON.parse(out) as Record<string, never>;
  assert.equal(format, 'pickle');
  assert.equal((parts as { className: string }[])[0].className, 'Precond');
  assert.deepEqual((tensors as Record<string, unknown>)['ema.unet.out_gain'], { dtype: 'F16', shape: [] });
});

test('inspect of a bare state dict lists its tensors and claims no network', async () => {
  const { code, out } = await cosim('inspect', goldenCheckpoint('state_dict.pt'));
  assert.equal(code, 0);
  assert.match(out, /torch-zip/);
  assert.doesNotMatch(out, /^network/m);
});

test('inspect refuses hostile and damaged files by name, with exit code 1', async () => {
  for (const name of [
    'evil_os_system.pkl',
    'storage_short.pt',
    'zip_path_traversal.pt',
    'st_header_huge.safetensors',
  ]) {
    const { code, out, err } = await cosim('inspect', goldenCheckpoint(`malformed/${name}`));
    assert.deepEqual([code, out], [1, '']);
    assert.match(err, new RegExp(`^cosim: .*${name}: .+\\n$`));
  }
});
