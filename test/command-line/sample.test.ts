import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { dispose } from '@tensorflow/tfjs-core';
import { readSafetensors } from '../../src/checkpoints';
import { selectBackend } from '../../src/compute/backend';
import { loadNetwork } from '../../src/models';
import { sampleHeun, sampleMultistep } from '../../src/samplers';
import { goldenCheckpoint } from '../checkpoints/golden';
import { temporaryFolder } from '../temporary-folder';
import { tinyImageNet, tinyImages } from '../tiny';
import { startRun } from '../training/runs';
import { cosim } from './commands';

const file = temporaryFolder();
const adm = goldenCheckpoint('edm_adm.nosrc.pkl'); // 5 classes

const samplesIn = async (path: string): Promise<Float32Array> =>
  (await readSafetensors(path)).tensors.samples.data as Float32Array;

test("sample of a snapshot is EDM's sampler, the class following from the seed", async () => {
  const args = ['sample', '--network', adm, '--backend', 'wasm', '--steps', '4', '--batch', '2'];
  const { code, out } = await cosim(...args, '--seeds', '0-2,7', '--out', file('heun.safetensors'));
  assert.equal(code, 0);
  assert.match(out, /heun\.safetensors: 4 samples of \[8, 8, 3\] in [\d.]+ s on wasm\n$/);
  const model = await loadNetwork(adm);
  const direct = await sampleHeun({ ...model, seeds: [0, 1, 2, 7], labels: [0, 1, 2, 2], steps: 4 });
  assert.deepEqual(await samplesIn(file('heun.safetensors')), direct.data);
  dispose(model.parameters);
});

test('sample writes a grid as PNG: 4 by 2 images of 8 pixels, twice as large, with margins', async () => {
  const { code } = await cosim(
    ...['sample', '--network', adm, '--seeds', '0-7', '--steps', '2', '--columns', '4', '--label', '1'],
    ...['--out', file('grid.png'), '--backend', 'wasm'],
  );
  assert.equal(code, 0);
  const png = readFileSync(file('grid.png'));
  assert.equal(png.subarray(1, 4).toString(), 'PNG');
  assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [4 * 16 + 3 * 4 + 48, 2 * 16 + 4 + 48]);
});

test("sample of a run is its averaged generator's, in as many steps as asked for, also after convert", async () => {
  await selectBackend({ backend: 'wasm' });
  const run = startRun(tinyImageNet(), tinyImages);
  await run.train({ images: 16, dir: file('run') });
  const { data } = await run.sample({ seeds: [0, 1], labels: [0, 1], steps: 2 });
  const averaged = run.parameters('ema');
  const phi = { denoiser: run.method.denoisers.phi!, parameters: averaged };
  const timed = await sampleMultistep({ ...phi, seeds: [0, 1], labels: [0, 1], times: [80, 1.5] });
  run.dispose();
  const from = ['sample', '--backend', 'wasm', '--seeds', '0,1', '--network'];
  await cosim(...from, file('run'), '--steps', '2', '--out', file('run.safetensors'));
  assert.deepEqual(await samplesIn(file('run.safetensors')), data);
  const converted = await cosim('convert', file('run'), file('generator.safetensors'), '--card', file('card.md'));
  assert.equal(converted.code, 0);
  assert.match(readFileSync(file('card.md'), 'utf8'), /^\| images trained on \| 16 \|$/m);
  assert.match(
    (await cosim('convert', file('run'), file('b.safetensors'), '--part', 'ema')).err,
    /only --card and --force/,
  );
  await cosim(...from, file('generator.safetensors'), '--steps', '2', '--out', file('two.safetensors'));
  assert.deepEqual(await samplesIn(file('two.safetensors')), data);
  await cosim(...from, file('generator.safetensors'), '--times', '80,1.5', '--out', file('timed.safetensors'));
  assert.deepEqual(await samplesIn(file('timed.safetensors')), timed.data);
  assert.match((await cosim(...from, file('run'), '--steps', '3')).err, /no standard times for 3 steps; pass --times/);
});

const refusals: [args: string[], code: number, message: RegExp][] = [
  [['--network', adm, '--seeds', '9-1'], 2, /^cosim: --seeds must be ranges that rise, got '9-1'$/m],
  [['--network', adm, '--seeds', 'a'], 2, /--seeds must be numbers and ranges such as 0-63 or 1,2,5-8, got 'a'/],
  [['--network', adm, '--steps', '0'], 2, /--steps must be a whole number of at least 1, got '0'/],
  [['--network', adm, '--times', '80,x'], 2, /--times must be a number, got 'x'/],
  [['--network', adm, '--init-kwargs', '[1]'], 2, /--init-kwargs must be a JSON object, got '\[1\]'/],
  [['--network', adm, '--backend', 'cuda'], 2, /--backend: unknown value 'cuda'.* Known: native, webgpu, wasm, cpu/],
  [['--network', adm, '--out', 'grid.jpg'], 2, /--out must end with .png or .safetensors/],
  [
    ['--network', file('absent.pkl'), '--out', file('nowhere/grid.png')],
    2,
    /^cosim: --out: \S+grid\.png cannot be written: there is no folder \S+nowhere\n$/,
  ],
  [['--network', adm, '--label', '5', '--steps', '1'], 2, /--label must be a whole number from 0 to 4, got 5/],
  [['--network', adm, '--times', '1,80'], 2, /--times must be decreasing/],
  [['--network', adm, '--times', '80', '--churn', '10'], 2, /options of EDM's sampler/],
  [['--network', adm, '--times', '80,1', '--guidance', '2'], 2, /options of EDM's sampler/],
  [['--network', adm, '--times', '80,1', '--steps', '4'], 2, /--times has 2 noise levels, --steps asks for 4/],
  [['--network', adm, '--guidance', '2'], 2, /--guidance is the weight against --guide FILE, which is not given/],
  [['--network', goldenCheckpoint('edm_ddpmpp.nosrc.pkl'), '--label', '0'], 2, /this network is unconditional/],
  [
    ['--network', goldenCheckpoint('edm2_fp16.nosrc.pkl')],
    2,
    /\[8, 8, 4\] are no picture; write them to a .safetensors/,
  ],
  [['--network', goldenCheckpoint('state_dict.pt')], 2, /does not say what network it holds/],
  [['--network', file('absent.pkl')], 2, /^cosim: --network: there is no file or folder '.*absent\.pkl'/],
];

test('what cannot be sampled is refused before any work, with 2', async t => {
  for (const [args, code, message] of refusals)
    await t.test(args.slice(2).join(' ') || args[1], async () => {
      const result = await cosim('sample', '--backend', 'cpu', ...args);
      assert.match(result.err, message);
      assert.deepEqual([result.code, result.out], [code, '']);
    });
});
