import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { selectBackend } from '../../src/compute/backend';
import { loadGenerator, loadModel } from '../../src/models';
import { checkExport } from '../../src/samplers';
import { goldenCheckpoint } from '../checkpoints/golden';
import { parseOnnx } from '../onnx-file';
import { temporaryFolder } from '../temporary-folder';
import { tinyImageNet, tinyImages } from '../tiny';
import { startRun } from '../training/runs';
import { cosim } from './commands';

const file = temporaryFolder();

before(() => selectBackend({ backend: 'wasm' }));

test('export of a run: its averaged generator, and its sampler with --steps; both compared with the network', async () => {
  const run = startRun(tinyImageNet(), tinyImages);
  await run.train({ images: 8, dir: file('run') });
  run.dispose();
  const { code, out } = await cosim('export', file('run'), '--onnx', file('g.onnx'));
  assert.equal(code, 0);
  const [what, check] = out.trim().split('\n');
  const bytes = statSync(file('g.onnx')).size.toLocaleString('en-US');
  assert.ok(what.endsWith(`g.onnx: generator, x [batch, 8, 8, 1], sigma [batch], labels [batch, 3], ${bytes} bytes`));
  assert.match(check, /differs from the network here by \d\.\de-\d at most \(4 samples\)$/);
  const generator = await loadGenerator(file('run'));
  assert.ok((await checkExport(file('g.onnx'), generator)).difference < 1e-5);

  const sampler = await cosim('export', file('run'), '--onnx', file('s.onnx'), '--steps', '2', '--batch', '3');
  assert.match(sampler.out, /sampler with times 16\.78, 1\.382, noise \[2, 3, 8, 8, 1\], labels \[3, 3\]/);
  assert.equal(parseOnnx(readFileSync(file('s.onnx'))).metadata.times, '[16.78,1.382]');
});

test('export of a snapshot of the reference', async () => {
  const { code, out } = await cosim('export', goldenCheckpoint('edm_adm.nosrc.pkl'), '--onnx', file('adm.onnx'));
  assert.equal(code, 0, out);
  assert.deepEqual(parseOnnx(readFileSync(file('adm.onnx'))).inputs.x, ['batch', 8, 8, 3]);
});

test("export for the Hub: weights that sample as the model does, its configuration, and a card with the Hub's names", async () => {
  const card = ['--license', 'mit', '--base-model', 'me/teacher', '--tags', 'digits, toy'];
  const { code, out } = await cosim('export', 'digits-cosim', '--hub', file('hub'), ...card);
  assert.equal(code, 0, out);
  assert.match(out, /hub: model\.safetensors, config\.json, README\.md\n$/);
  const [front] = readFileSync(file('hub/README.md'), 'utf8').split('\n---\n');
  assert.deepEqual(front.split('\n'), [
    '---',
    'license: "mit"',
    'library_name: "cosim"',
    'tags: ["diffusion","distillation","few-step","digits","toy"]',
    'base_model: "me/teacher"',
  ]);
  const [given, written] = [await loadModel('digits-cosim'), await loadModel(file('hub/model.safetensors'))];
  assert.deepEqual(written.denoiser.config, given.denoiser.config);
  assert.deepEqual([written.sampler, written.times], [given.sampler, given.times]);
  for (const [name, tensor] of Object.entries(given.parameters))
    assert.deepEqual(await written.parameters[name].data(), await tensor.data());
  const config = JSON.parse(readFileSync(file('hub/config.json'), 'utf8')) as { sampler: string };
  assert.equal(config.sampler, given.sampler);
  const again = await cosim('export', 'digits-cosim', '--hub', file('hub'));
  assert.match(again.err, /has files in it already; --force replaces those of the same names/);
});

test('export refuses what it cannot do, and leaves files alone', async () => {
  writeFileSync(file('there.onnx'), 'mine');
  const attempts: [string[], number, RegExp][] = [
    [['digits'], 2, /one of --onnx or --hub is needed/],
    [['digits', '--hub', file('there.onnx')], 2, /--hub must be a folder, got the file/],
    [['digits', '--hub', file('hub'), '--steps', '2'], 2, /--steps, --times and --batch go with --onnx/],
    [['digits', '--onnx', file('x.onnx'), '--license', 'mit'], 2, /--license, --base-model and --tags go with --hub/],
    [['digits', '--onnx', file('x.png')], 2, /--onnx must end with \.onnx/],
    [['digits', '--onnx', file('there.onnx')], 2, /is there already; --force replaces it/],
    [
      [file('nothing'), '--onnx', file('nowhere/x.onnx')],
      2,
      /--onnx: \S+x\.onnx cannot be written: there is no folder/,
    ],
    [['digits', '--onnx', file('x.onnx'), '--steps', '3'], 2, /no standard times for 3 steps; pass --times/],
    [['digits', '--onnx', file('x.onnx'), '--steps', '2', '--times', '1'], 2, /exclude each other/],
    [['digits', '--onnx', file('x.onnx'), '--times', '1,2'], 2, /--times must be decreasing/],
    [['digits', '--onnx', file('x.onnx'), '--batch', '0'], 2, /--batch must be a whole number of at least 1/],
    [[file('nothing'), '--onnx', file('x.onnx')], 2, /<run>: there is no file or folder '.*nothing'/],
  ];
  for (const [args, code, message] of attempts) {
    const result = await cosim('export', ...args);
    assert.equal(result.code, code, args.join(' '));
    assert.match(result.err, message);
  }
  assert.equal(readFileSync(file('there.onnx'), 'utf8'), 'mine');
  assert.ok(!existsSync(file('x.onnx')));
});
