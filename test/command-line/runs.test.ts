import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { csvParse } from 'd3';
import { selectBackend } from '../../src/compute/backend';
import { tensorboardEvents } from '../../src/runs';
import type { IterationReport } from '../../src/training';
import { temporaryFolder } from '../temporary-folder';
import { tinyImageNet, tinyImages } from '../tiny';
import { startRun } from '../training/runs';
import { cosim } from './commands';

const file = temporaryFolder();

before(async () => {
  await selectBackend({ backend: 'cpu' });
  for (const [name, images, learningRate] of [
    ['one', 8, 1e-3],
    ['inner/two', 16, 2e-3],
  ] as const) {
    const run = startRun(tinyImageNet(), tinyImages, { learningRate });
    await run.train({ images, dir: file(`all/${name}`) });
    run.dispose();
  }
  mkdirSync(file('all/damaged/00000001'), { recursive: true });
  writeFileSync(file('all/damaged/00000001/run.json'), '{"format": "cosim-run-1"');
  mkdirSync(file('empty'));
});

test('runs are listed by path with method, images and state; one that is damaged is named', async () => {
  const { code, out } = await cosim('runs', file('all'));
  assert.equal(code, 0);
  const lines = out.trim().split('\n');
  assert.match(lines[0], /^run +method +data +images +state +saved \(UTC\) +last$/);
  assert.match(lines[1], /inner\/two +cosim +noise +16 +stopped +\d{4}-\d\d-\d\d \d\d:\d\d +psiLoss [\d.e-]+, phiLoss/);
  assert.match(lines[2], /one +cosim +noise +8 +stopped/);
  assert.match(lines[3], /damaged: .*run\.json: damaged/);
  assert.equal((await cosim('runs', file('empty'))).out, `no runs under ${file('empty')}\n`);
});

test('runs in folders that are named by numbers, and behind links, are listed; a link upwards ends', async () => {
  mkdirSync(file('numbered'));
  cpSync(file('all/one'), file('numbered/0'), { recursive: true });
  symlinkSync(file('all/inner/two'), file('numbered/1'));
  symlinkSync(file('numbered'), file('numbered/up'));
  symlinkSync(file('numbered/0'), file('numbered/latest')); // the same run again
  const { out } = await cosim('runs', file('numbered'), '--json');
  const runs = JSON.parse(out) as { dir: string; images: number }[];
  assert.deepEqual(
    runs.map(({ dir, images }) => [dir, images]),
    [
      [file('numbered/0'), 8],
      [file('numbered/1'), 16],
    ],
  );
});

test('as JSON, without the histories', async () => {
  const { out } = await cosim('runs', file('all/one'), '--json');
  const [run] = JSON.parse(out) as { images: number; last: { step: number }; history?: unknown; method: object }[];
  assert.deepEqual([run.images, run.last.step, run.history], [8, run.last.step, undefined]);
});

test('compare says what two runs have apart', async () => {
  const { code, out } = await cosim('runs', 'compare', file('all/one'), file('all/inner/two'));
  assert.equal(code, 0);
  assert.match(out, /^ +one +two$/m);
  assert.match(out, /^run\.learningRate +0\.001 +0\.002$/m);
  assert.match(out, /^images +8 +16$/m);
  assert.doesNotMatch(out, /method/);
  const asJson = await cosim('runs', 'compare', file('all/one'), file('all/inner/two'), '--json');
  const { runs, options } = JSON.parse(asJson.out) as {
    runs: string[];
    options: { option: string; values: string[] }[];
  };
  assert.deepEqual(runs, ['one', 'two']);
  assert.deepEqual(options.find(({ option }) => option === 'images')?.values, ['8', '16']);
  assert.equal((await cosim('runs', 'compare', file('all/one'), file('all/one'))).out, 'no option differs\n');
});

test('the history as CSV has every step, and as events of TensorBoard', async () => {
  const args = ['runs', 'history', file('all/inner/two'), '--csv', file('h.csv'), '--tensorboard', file('logs')];
  assert.equal((await cosim(...args)).code, 0);
  const rows = csvParse(readFileSync(file('h.csv'), 'utf8'));
  assert.deepEqual([rows.at(-1)?.images, rows[0].step], ['16', '1']);
  assert.ok(Number.isFinite(Number(rows[0].psiLoss)));
  const [events] = readdirSync(file('logs'));
  assert.match(events, /^events\.out\.tfevents\.\d+\./);
  assert.ok(readFileSync(join(file('logs'), events)).includes('psiLoss'));
});

/** Read by TensorBoard 2.21's EventFileLoader: wall times ...6.5, ...8.5, ...10 s, steps 64 and 128, the four scalars. */
const RECORDED =
  '1800000000000000a37f4b22090000a041fc54d9411a0d627261696e2e4576656e743a3253011ca63a' +
  '000000000000001295eae20900002042fc54d94110402a2d0a0b0a0473746570150000803f0a0e0a077073694c6f7373150000003f0a0e0a07736563' +
  '6f6e647315000000409ddba3463b000000000000001a23ac5c0900008042fc54d9411080012a2d0a0b0a047374657015000000400a0e0a077068694c' +
  '6f737315000040c00a0e0a077365636f6e6473150000c03fac464f2a';

test('events are, byte for byte, those that TensorBoard has read; what is not finite is left out', () => {
  const history: IterationReport[] = [
    { step: 1, images: 64, seconds: 2, psiLoss: 0.5 },
    { step: 2, images: 128, seconds: 1.5, psiLoss: Infinity, phiLoss: -3 },
  ];
  assert.equal(tensorboardEvents(history, new Date(1_700_000_010_000)).toString('hex'), RECORDED);
});

test('what is no run, or nothing to write, is refused by name', async () => {
  for (const [args, expected, message] of [
    [['runs', file('absent')], 2, /\[dir\]: there is no folder '.*absent'/],
    [['runs', 'comapre'], 2, /unknown command, and no folder, 'comapre'\. Did you mean 'compare'/],
    [['runs', file('h.csv')], 2, /\[dir\] must be a folder, got the file '\S*h\.csv'/],
    [['runs', 'compare', file('empty'), file('all/one')], 2, /empty: no checkpoint of a run in this folder/],
    [['runs', 'history', file('all/one')], 2, /one of --csv or --tensorboard is needed/],
    [['runs', 'history', file('all/damaged'), '--csv', file('x.csv')], 1, /run\.json: damaged/],
  ] as const) {
    const { code, err } = await cosim(...args);
    assert.equal(code, expected, err);
    assert.match(err, message);
  }
});
