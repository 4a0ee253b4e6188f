import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { dispose } from '@tensorflow/tfjs-core';
import { runCommandLine } from '../../src/command-line';
import { workText } from '../../src/command-line/working-line';
import { selectBackend } from '../../src/compute/backend';
import { digits, indexRange, toBytes } from '../../src/datasets';
import { loadFeatures, loadResults } from '../../src/evaluation';
import { isStale } from '../../src/provenance';
import { frechet, type MetricResult } from '../../src/metrics';
import { loadTeacher } from '../../src/models';
import { sampleHeun } from '../../src/samplers';
import { goldenCheckpoint } from '../checkpoints/golden';
import { close } from '../metrics/sets';
import { temporaryFolder } from '../temporary-folder';
import { cosim } from './commands';

const file = temporaryFolder();

const WHAT = ['--network', 'digits', '--steps', '3', '--data', 'digits', '--features', 'digits', '--n-reference', '50'];

/** An evaluation of the shipped digits in few, small blocks. */
const args = (...more: string[]): string[] => [
  ...['eval', ...WHAT, '--n', '30', '--blocks', '2', '--backend', 'wasm', '--cache', file('cache')],
  ...more,
];

const resultsIn = async (path: string): Promise<readonly MetricResult[]> => (await loadResults(path)).results;

test('eval measures what samples drawn by hand measure, and says what it depends on', async () => {
  const { code, out, err } = await cosim(...args('--metrics', 'fd,kid,is,pr,dc', '--out', file('all.json')));
  assert.deepEqual([code, err], [0, '']);
  assert.match(out, /^metric +value +spread +floor +better +n +real$/m);
  for (const metric of ['fd', 'kid', 'is', 'precision', 'recall', 'density', 'coverage'])
    assert.match(
      out,
      new RegExp(`^${metric} +-?[\\d.e-]+ +[\\d.e-]+ +-?[\\d.e-]+ +(smaller|larger) +30 +(50|30|-)$`, 'm'),
    );
  assert.match(out, /^seeds +0-29, 30-59$/m);
  assert.match(out, /^reference +digits16, train$/m);
  assert.match(out, /^note +n is not above 64: fd is mostly bias then/m);

  const { images, results, madeBy } = await loadResults(file('all.json'));
  const { network, ...sampler } = images;
  assert.match(String(network), /^[0-9a-f]{64}$/);
  assert.deepEqual(sampler, {
    name: 'digits',
    sampler: 'heun',
    steps: 3,
    churn: 0,
    backend: 'wasm',
    labels: 'seed modulo 10',
  });
  assert.deepEqual(results[0].seeds.map(({ first }) => first), [0, 30]); // prettier-ignore
  assert.ok(madeBy.length > 0 && !isStale(madeBy), 'made by the code of today');

  await selectBackend({ backend: 'wasm' });
  const extractor = await loadFeatures('digits');
  const features = async (data: Uint8Array, n: number) =>
    (await extractor.extract({ data, n, h: 16, w: 16, c: 1 })).features;
  const real = async (split: 'train' | 'test', n: number) =>
    features((await digits({ split }).batch(indexRange(n))).x as Uint8Array, n);
  const model = await loadTeacher('digits');
  const seeds = indexRange(30, 30);
  const drawn = await sampleHeun({ ...model, seeds, labels: seeds.map(seed => seed % 10), steps: 3 });
  const reference = await real('train', 50);
  const second = (await frechet(await features(toBytes(drawn.data), 30), reference)).value;
  const floor = (await frechet(await real('test', 30), reference)).value;
  const [fd] = results;
  assert.ok(close(fd.blocks[1], second, 1e-6), `${fd.blocks[1]}, expected ${second}`);
  assert.ok(close(fd.floorBlocks[0], floor, 1e-6), `${fd.floorBlocks[0]}, expected ${floor}`);
  dispose(model.parameters);
  await extractor.dispose();
});

test('eval that Ctrl-C has stopped ends with 130; the same command goes on and gives the same bits', async () => {
  const command = (cache: string, out: string): string[] => [
    ...['eval', ...WHAT, '--steps', '5', '--n', '40', '--blocks', '2', '--save-every', '10', '--backend', 'wasm'],
    ...['--metrics', 'fd,pr', '--cache', file(cache), '--out', file(out)],
  ];
  const said = { out: '', err: '' };
  let stopped = false;
  const code = await runCommandLine(command('stopped', 'stopped.json'), {
    live: true,
    out: text => (said.out += text),
    err: text => {
      said.err += text;
      const [, done = 0] = /measured: (\d+) of 80/.exec(text) ?? [];
      if (stopped || Number(done) < 10) return;
      stopped = true;
      process.emit('SIGINT');
    },
  });
  assert.deepEqual([code, said.out], [130, '']);
  assert.match(said.err, /measured: \d+ of 80 images/); // its rate, once half a second was measured: below
  assert.match(said.err, /cosim: stopped; the same command goes on where it was\n$/);
  assert.ok(!existsSync(file('stopped.json')));

  const saved = (): string[] =>
    readdirSync(file('stopped')).flatMap(place =>
      readdirSync(join(file('stopped'), place), { withFileTypes: true }).map(({ parentPath, name }) =>
        join(parentPath, name),
      ),
    );
  const before = new Map(saved().map(path => [path, statSync(path).mtimeMs]));
  assert.equal((await cosim(...command('stopped', 'stopped.json'))).code, 0);
  assert.ok(saved().length > before.size);
  for (const [path, time] of before) assert.equal(statSync(path).mtimeMs, time, path);
  assert.equal((await cosim(...command('whole', 'whole.json'))).code, 0);
  assert.deepEqual(await resultsIn(file('stopped.json')), await resultsIn(file('whole.json')));
});

test('progress tells the rate of what is made now, and the time that the rest takes at it', () => {
  const work = { stage: 'measured', done: 1200.4, total: 6000, made: 600 };
  assert.equal(
    workText(work, { seconds: 20, rate: 30, left: 160 }),
    'measured: 1,200 of 6,000 images, 30 images/s, 2:40 left',
  );
  assert.equal(workText(work, { seconds: 0 }), 'measured: 1,200 of 6,000 images');
  const bytes = { done: 1_250_000, total: 4e6, unit: 'MB', note: 'of a mirror' };
  assert.equal(
    workText(bytes, { seconds: 5, rate: 5e5, left: 5.5 }),
    '1.3 of 4.0 MB, 0.5 MB/s, 0:06 left, of a mirror',
  );
});

test('eval stats keeps a reference that gives the same distances; what needs single images refuses it', async () => {
  await cosim(...args('--out', file('data.json')));
  const stats = ['eval', 'stats', '--data', 'digits', '--features', 'digits', '--n-reference', '50'];
  const made = await cosim(...stats, '--cache', file('cache'), '--out', file('reference.safetensors'));
  assert.match(made.out, /reference\.safetensors: mean and covariance of 64 features of 50 images\n$/);
  const against = ['eval', '--network', 'digits', '--steps', '3', '--features', 'digits', '--n', '30', '--blocks', '2'];
  const known = [
    ...against,
    '--backend',
    'wasm',
    '--cache',
    file('cache'),
    '--reference',
    file('reference.safetensors'),
  ];
  assert.equal((await cosim(...known, '--out', file('known.json'))).code, 0);
  const [[a], [b]] = [await resultsIn(file('data.json')), await resultsIn(file('known.json'))];
  assert.deepEqual([b.blocks, b.reference, b.nReference, b.floor], [a.blocks, a.reference, 50, null]);
  const floored = await cosim(...known, '--data', 'digits', '--out', file('floored.json'));
  assert.equal(floored.code, 0);
  assert.deepEqual(await resultsIn(file('floored.json')), await resultsIn(file('data.json')));
  const refused = await cosim(...known, '--metrics', 'kid');
  assert.match(refused.err, /reference must be a data set: 'kid' looks at single images/);

  await cosim(...stats, '--cache', file('cache'), '--out', file('reference.npz'));
  known[known.length - 1] = file('reference.npz');
  await cosim(...known, '--out', file('npz.json'));
  const [npz] = await resultsIn(file('npz.json'));
  assert.deepEqual([npz.blocks, npz.nReference, npz.reference?.file], [a.blocks, null, 'reference.npz']);
});

test('eval of the images that another one has kept measures the same, their places in place of seeds', async () => {
  const [kept, out] = [file('kept'), file('kept.json')];
  assert.equal((await cosim(...args('--keep', kept, '--out', out))).code, 0);
  assert.deepEqual(readdirSync(kept).sort(), ['000000', '000030']);
  const stored = ['eval', '--images', kept, '--blocks', '2', ...WHAT.slice(4), '--cache', file('cache')];
  const { code, err } = await cosim(...stored, '--backend', 'wasm', '--out', file('stored.json'));
  assert.equal(code, 0, err);
  assert.deepEqual(await resultsIn(file('stored.json')), await resultsIn(out));
  const all = await cosim(
    'eval',
    '--images',
    kept,
    ...WHAT.slice(4),
    '--cache',
    file('cache'),
    '--out',
    file('all.json'),
  );
  assert.equal(all.code, 0, all.err);
  const [{ n, seeds }] = await resultsIn(file('all.json'));
  assert.deepEqual([n, seeds], [60, [{ first: 0, last: 59 }]]); // all that are stored, as one block
  const few = await cosim(...stored.map(arg => (arg === '2' ? '31' : arg)));
  assert.match(few.err, /kept' has 60 images: too few for 31 blocks of at least 2 from place 0 on; .* fewer --blocks/);
  const many = await cosim(...stored, '--n', '31');
  assert.match(many.err, /n must be at most 30 for 2 blocks of 'kept', got 31/);
});

test('eval compare puts results side by side, and refuses those that were not taken alike', async () => {
  await cosim(...args('--steps', '1', '--out', file('one.json')));
  const asJson = await cosim(...args('--steps', '8', '--out', file('eight.json'), '--json'));
  const { results: printed } = JSON.parse(asJson.out) as { results: MetricResult[] };
  assert.deepEqual(printed.map(({ value }) => value), (await resultsIn(file('eight.json'))).map(({ value }) => value)); // prettier-ignore
  const { code, out } = await cosim('eval', 'compare', file('one.json'), file('eight.json'));
  assert.equal(code, 0);
  assert.match(out, /^metric +one +eight +difference +floor +better\nfd +[\d.]+ +[\d.]+ +-[\d.]+ +[\d.]+ +eight\n$/);
  const [row] = JSON.parse((await cosim('eval', 'compare', file('one.json'), file('eight.json'), '--json')).out) as Record<string, unknown>[]; // prettier-ignore
  assert.deepEqual([row.metric, row.better, (row.values as number[])[1]], ['fd', 'eight', printed[0].value]);
  await cosim(...args('--steps', '8', '--n', '20', '--out', file('fewer.json')));
  const refused = await cosim('eval', 'compare', file('eight.json'), file('fewer.json'));
  assert.deepEqual([refused.code, refused.out], [2, '']);
  assert.match(refused.err, /^cosim: these results cannot be compared: n is 30 and 20\. Measure both alike\.\n$/);
  const other = await cosim('eval', 'compare', file('one.json'), goldenCheckpoint('edm_adm.nosrc.pkl'));
  assert.match(other.err, /no results of an evaluation/);
});

const refusals: [args: string[], code: number, message: RegExp][] = [
  [['--data', 'digits', '--features', 'digits'], 2, /one of --network or --images is needed/],
  [['--images', 'x', '--times', '80,1', '--data', 'digits', '--features', 'digits'], 2, /--times says how --network draws; --images are drawn already/],
  [['--network', 'digits', '--images', 'x', '--data', 'digits', '--features', 'digits'], 2, /either --network or --images says what is measured, not both/],
  [['--network', 'digits', '--data', 'digits'], 2, /--features is needed/],
  [['--network', 'digits', '--features', 'digits'], 2, /one of --data or --reference is needed/],
  [['--seed', '0'], 2, /^cosim: one of --network or --images, --features and one of --data or --reference are needed$/m],
  [['stats'], 2, /^cosim: --data, --features and --out are needed$/m],
  [[...WHAT, '--engine', 'cuda'], 2, /--engine: unknown value 'cuda'.* Known: auto, xla, onnx, eager/],
  [['--images', 'digits', '--data', 'digits', '--features', 'digits'], 2, /--n is needed: there is no end of 'digits'/],
  [[...WHAT, '--metrics', 'fd,fid'], 2, /--metrics must be some of fd, kid, is, pr, dc, got 'fid'/],
  [[...WHAT, '--n', '0'], 2, /--n must be a whole number of at least 1, got '0'/],
  [[...WHAT, '--n', '1'], 2, /--n must be an integer from 2/],
  [[...WHAT, '--n', '5', '--metrics', 'fd,pr'], 2, /--n must be at least 6 for 'pr', got 5/],
  [[...WHAT.slice(0, -1), '5', '--metrics', 'dc'], 2, /--n-reference must be at least 6 for 'dc', got 5/],
  [[...WHAT, '--out', 'x.txt'], 2, /--out must end with \.json/],
  [[...WHAT, '--out', file('nowhere/x.json')], 2, /--out: \S+x\.json cannot be written: there is no folder \S+nowhere$/m],
  [[...WHAT, '--keep', join(__filename, 'kept')], 2, /--keep: \S+ cannot be written: a part of the path is a file \(ENOTDIR\)/],
  [[...WHAT, '--split', 'valid'], 2, /--split: unknown value 'valid'.* Known: train, test/],
  [[...WHAT, '--reference', 'x.safetensors'], 2, /--n-reference: the statistics of --reference are as they are/],
  [[...WHAT.slice(0, -2), '--reference', __filename], 2, /--reference: path must be a name that ends in \.safetensors, \.npz or \.pkl/],
  [[...WHAT.slice(0, -2), '--reference', file('absent.npz')], 2, /--reference: there is no file '\S+absent\.npz'/],
  [[...WHAT, '--network', goldenCheckpoint('edm_adm.nosrc.pkl')], 2, /\[16, 16, 1\] as those of 'digits16', got \[8,8,3\]/],
  [[...WHAT, '--resolution', '8'], 2, /images of 'digits' must be \[8, 8, 1\] as those of 'digits16-8'/],
  [[...WHAT, '--network', 'checkerboard'], 2, /samples of 'checkerboard' must be images/],
  [['stats', '--data', 'digits', '--features', 'digits'], 2, /--out is needed/],
  [['stats', '--data', 'nothing', '--features', 'digits', '--out', 'x.npz'], 2, /nothing/],
  [['stats', '--data', 'digits', '--features', 'digits', '--out', file('nowhere/x.npz')], 2, /--out: .*there is no folder/],
  [['compare', 'a.json'], 2, /<b> is needed/],
  [['comapre', 'a.json', 'b.json'], 2, /eval: unknown command 'comapre'\. Did you mean 'compare'/],
]; // prettier-ignore

test('eval refuses what it cannot do before any work', async t => {
  for (const [given, code, message] of refusals)
    await t.test(given.join(' '), async () => {
      const more = given[0].startsWith('--') ? ['--backend', 'wasm', '--cache', file('none')] : [];
      const result = await cosim('eval', ...given, ...more);
      assert.match(result.err, message);
      assert.deepEqual([result.code, result.out], [code, '']);
    });
  assert.ok(!existsSync(file('none')));
});
