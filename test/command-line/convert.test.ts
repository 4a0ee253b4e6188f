import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readCheckpoint, readSafetensors } from '../../src/checkpoints';
import { goldenCheckpoint } from '../checkpoints/golden';
import { temporaryFolder } from '../temporary-folder';
import { cosim } from './commands';

const file = temporaryFolder();

test('convert keeps names, types and bits, and says where they come from', async () => {
  const from = goldenCheckpoint('edm2_fp16.nosrc.pkl');
  const { code, out } = await cosim('convert', from, file('edm2.safetensors'));
  assert.equal(code, 0);
  assert.match(out, /edm2\.safetensors: 63 tensors of Precond, [\d,]+ bytes\n$/);
  const { tensors, metadata } = await readSafetensors(file('edm2.safetensors'));
  assert.deepEqual({ ...tensors }, { ...(await readCheckpoint(from)).tensors });
  assert.equal(metadata.class_name, 'Precond');
  assert.match(metadata.init_kwargs, /"channel_mult":\[1,2\]/);
  assert.equal(metadata.source, 'edm2_fp16.nosrc.pkl');
  assert.equal(metadata.source_sha256, createHash('sha256').update(readFileSync(from)).digest('hex'));
});

test('convert widens on request and takes another part of a file', async () => {
  await cosim('convert', goldenCheckpoint('edm2_fp16.nosrc.pkl'), file('wide.safetensors'), '--floats', 'F32');
  const { tensors } = await readSafetensors(file('wide.safetensors'));
  assert.deepEqual([...new Set(Object.values(tensors).map(({ dtype }) => dtype))], ['F32']);
  const state = goldenCheckpoint('training_state.nosrc.pt');
  await cosim('convert', state, file('adam.safetensors'), '--part', 'optimizer_state');
  const adam = await readSafetensors(file('adam.safetensors'));
  assert.ok('state.0.exp_avg' in adam.tensors && !('model.map_layer0.weight' in adam.tensors));
});

test('converting twice gives the same bytes, and what is there is replaced only by --force', async () => {
  const from = goldenCheckpoint('edm_adm.nosrc.pkl');
  await cosim('convert', from, file('adm.safetensors'));
  const first = readFileSync(file('adm.safetensors'));
  const again = await cosim('convert', from, file('adm.safetensors'));
  assert.equal(again.code, 2);
  assert.match(again.err, /<out>: \S+adm\.safetensors is there already; --force replaces it/);
  assert.equal((await cosim('convert', from, file('adm.safetensors'), '--force')).code, 0);
  assert.ok(readFileSync(file('adm.safetensors')).equals(first));
  assert.equal((await cosim('convert', file('adm.safetensors'), file('copy.safetensors'))).code, 0);
  const { metadata } = await readSafetensors(file('copy.safetensors'));
  assert.equal(metadata.class_name, 'EDMPrecond'); // survives a conversion of the conversion
});

test('convert writes a card with the checksums of both files', async () => {
  const [to, card] = [file('carded.safetensors'), file('README.md')];
  await cosim('convert', goldenCheckpoint('edm_ddpmpp.nosrc.pkl'), to, '--card', card);
  const text = readFileSync(card, 'utf8');
  assert.match(text, /^---\nlibrary_name: "cosim"\n/);
  assert.ok(text.includes(createHash('sha256').update(readFileSync(to)).digest('hex')));
});

test('convert leaves nothing behind when it fails', async () => {
  const { code, err } = await cosim(
    'convert',
    goldenCheckpoint('malformed/storage_short.pt'),
    file('none.safetensors'),
  );
  assert.equal(code, 1);
  assert.match(err, /storage '0': 256 elements of F32 need 1024 bytes, the file has 512/);
  assert.throws(() => readFileSync(file('none.safetensors')), { code: 'ENOENT' });
  const wrong = await cosim('convert', goldenCheckpoint('state_dict.pt'), file('state.pt'));
  assert.match(wrong.err, /<out> must end with \.safetensors/);
  const into = await cosim('convert', file('absent.pkl'), file('nowhere/a.safetensors'));
  assert.match(into.err, /<out>: \S+a\.safetensors cannot be written: there is no folder/);
  const card = await cosim('convert', file('absent.pkl'), file('a.safetensors'), '--card', file('nowhere/card.md'));
  assert.match(card.err, /--card: \S+card\.md cannot be written: there is no folder/);
});
