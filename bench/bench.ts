// Times training steps on each backend beside PyTorch on the same network, weights and batches, in alternation within
// one run, after checking that both compute the same. Drawing the data and noise is not timed on either side.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { loadTensors, writeFileAtomic } from '../src/checkpoints';
import { type BackendName, BACKENDS, selectBackend } from '../src/compute/backend';
import { expectInteger, expectOneOf } from '../src/compute/check';
import { type AdamOptions } from '../src/training/adam';
import { ADAM, type Case, CASES, COSIM, EMA } from './cases';
import { startTorch, type Torch, writeStart } from './torch';
import { makeTrainer, startOf, type Trainer } from './trainer';

const USAGE = `npm run bench -- [options]
  --case NAME      only this case, may be repeated: ${CASES.map(({ name }) => name).join(', ')}
  --backend NAME   only this backend, may be repeated: ${BACKENDS.join(', ')}; default: all but cpu that start
  --rounds N       timed iterations of each side, default 9
  --threads N      PyTorch's threads, default the number of processors (${availableParallelism()}); ours uses one on wasm
  --json           one JSON line a case instead of the table`;

/** One line of the result; the field names are those of the JSON lines. */
type Row = {
  case: string;
  engine: string;
  ours_ms: number; // median
  torch_ms: number | null;
  ratio: number | null; // ours_ms / torch_ms
  ours_images_per_s: number;
  torch_images_per_s: number | null;
  n: number; // timed iterations of each side
  ours_spread: number; // interquartile range over median
  torch_spread: number | null;
  torch_threads: number | null;
  ours_cpu_ms: number; // median processor time of all threads: what counts on a machine that others use too
  torch_cpu_ms: number | null;
  loss_error: number | null; // of the first step, relative
  change_error: number | null; // of the first step's change of the parameters, relative L2
};

const quantile = (values: readonly number[], q: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const at = q * (sorted.length - 1);
  const low = Math.floor(at);
  return sorted[low] + (at - low) * ((sorted[low + 1] ?? sorted[low]) - sorted[low]);
};
const median = (values: readonly number[]): number => quantile(values, 0.5);
const spread = (values: readonly number[]): number =>
  (quantile(values, 0.75) - quantile(values, 0.25)) / median(values);

const loadInTorch = async (torch: Torch, which: Case, trainer: Trainer, options: AdamOptions, folder: string) => {
  const path = join(folder, 'start.safetensors');
  await writeStart(path, startOf(trainer));
  await torch.request({
    load: path,
    method: which.method,
    config: which.network,
    options: { ...options, ...COSIM, emaHalflife: EMA.halflife, phiScale: trainer.method.updates.at(-1)?.lossScale },
  });
};

type Steps = { losses: Record<string, number>; ms: number[]; cpuMs: number[] };

/** Adam as it is divides by |gradient|, which turns rounding into signs; with eps 1 the change follows the gradient. */
const SMOOTH: AdamOptions = { ...ADAM, learningRate: 1e-2, eps: 1 };

/** One step on both sides from one start: relative errors of the losses and of the parameters' change. */
const compare = async (torch: Torch, which: Case, folder: string): Promise<{ loss: number; change: number }> => {
  const trainer = makeTrainer(which, SMOOTH);
  const path = join(folder, 'end.safetensors');
  await loadInTorch(torch, which, trainer, SMOOTH, folder);
  const before = Object.fromEntries(Object.entries(trainer.state()).map(([name, t]) => [name, tf.clone(t)]));
  const ours = await trainer.step();
  const theirs = await torch.request<Steps>({ steps: 1 });
  await torch.request({ save: path });
  const { tensors: after } = await loadTensors(path);
  const loss = Math.max(...Object.keys(ours).map(role => Math.abs(ours[role] / theirs.losses[role] - 1)));
  let [difference, size] = [0, 0];
  for (const name of Object.keys(after)) {
    const [start, end, expected] = await Promise.all([before, trainer.state(), after].map(t => t[name].data()));
    for (let i = 0; i < start.length; i++) {
      difference += (end[i] - expected[i]) ** 2;
      size += (expected[i] - start[i]) ** 2;
    }
  }
  tf.dispose([before, after]);
  trainer.dispose();
  return { loss, change: Math.sqrt(difference / size) };
};

/** Milliseconds of each round. */
type Times = { wall: number[]; cpu: number[] };

const time = async (which: Case, engine: string, rounds: number, torch: Torch | undefined, folder: string) => {
  const errors = torch && (await compare(torch, which, folder));
  if (errors && (errors.loss > 1e-4 || errors.change > 1e-3))
    throw new Error(`${which.name}: ours and PyTorch's differ, loss by ${errors.loss}, change by ${errors.change}`);
  const trainer = makeTrainer(which, ADAM);
  if (torch) await loadInTorch(torch, which, trainer, ADAM, folder);
  const [ours, theirs]: Times[] = [
    { wall: [], cpu: [] },
    { wall: [], cpu: [] },
  ];
  for (let round = -2; round < rounds; round++) {
    const [start, usage] = [performance.now(), process.cpuUsage()];
    await trainer.step();
    const { user, system } = process.cpuUsage(usage);
    const wall = performance.now() - start;
    const other = torch && (await torch.request<Steps>({ steps: 1 }));
    if (round < 0) continue; // warm-up
    ours.wall.push(wall);
    ours.cpu.push((user + system) / 1000);
    theirs.wall.push(...(other?.ms ?? []));
    theirs.cpu.push(...(other?.cpuMs ?? []));
  }
  trainer.dispose();
  const perSecond = (ms: number): number => (1000 * which.batch) / ms;
  const row: Row = {
    case: which.name,
    engine,
    ours_ms: median(ours.wall),
    torch_ms: torch ? median(theirs.wall) : null,
    ratio: torch ? median(ours.wall) / median(theirs.wall) : null,
    ours_images_per_s: perSecond(median(ours.wall)),
    torch_images_per_s: torch ? perSecond(median(theirs.wall)) : null,
    n: rounds,
    ours_spread: spread(ours.wall),
    torch_spread: torch ? spread(theirs.wall) : null,
    torch_threads: torch?.threads ?? null,
    ours_cpu_ms: median(ours.cpu),
    torch_cpu_ms: torch ? median(theirs.cpu) : null,
    loss_error: errors?.loss ?? null,
    change_error: errors?.change ?? null,
  };
  return row;
};

const git = (...args: string[]): string => execFileSync('git', args, { cwd: __dirname, encoding: 'utf8' }).trim();

const provenance = (torch: Torch | undefined) => ({
  date: new Date().toISOString(),
  commit: git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--', '../src', '.') ? ' + changes' : ''),
  machine: `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`,
  node: process.version,
  tfjs: tf.version_core,
  torch: torch?.version ?? null,
});

const cells = (row: Row): string[] => {
  const number = (value: number | null, digits: number): string => (value === null ? '-' : value.toFixed(digits));
  const percent = (value: number | null): string => (value === null ? '' : ` ±${(50 * value).toFixed(0)}%`);
  return [
    row.case,
    row.engine,
    number(row.ours_ms, 1) + percent(row.ours_spread),
    number(row.torch_ms, 1) + percent(row.torch_spread),
    number(row.ratio, 2),
    number(row.ours_cpu_ms, 1),
    number(row.torch_cpu_ms, 1),
    number(row.ours_images_per_s, 0),
    number(row.torch_images_per_s, 0),
    row.change_error === null ? '-' : row.change_error.toExponential(0),
  ];
};

const HEADINGS = [
  'case',
  'engine',
  'ours ms',
  'torch ms',
  'ratio',
  'ours CPU',
  'torch CPU',
  'ours img/s',
  'torch img/s',
  'error',
];
const WIDTHS = [10, 6, 13, 13, 6, 9, 9, 10, 11, 6];
const line = (texts: string[]): string =>
  texts.map((text, i) => (i < 2 ? text.padEnd(WIDTHS[i]) : text.padStart(WIDTHS[i]))).join('  ');

/** Backends to time, with the reason for each that does not start. */
const startable = async (asked: BackendName[], note: (text: string) => void): Promise<BackendName[]> => {
  const found: BackendName[] = [];
  for (const backend of asked)
    await selectBackend({ backend }).then(
      () => found.push(backend),
      (error: Error) => note(error.message),
    );
  return found;
};

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      case: { type: 'string', multiple: true },
      backend: { type: 'string', multiple: true },
      rounds: { type: 'string', default: '9' },
      threads: { type: 'string', default: String(availableParallelism()) },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const rounds = expectInteger('bench', 'rounds', Number(values.rounds), { min: 1 });
  const threads = expectInteger('bench', 'threads', Number(values.threads), { min: 1 });
  const names = CASES.map(({ name }) => name);
  const chosen = values.case?.map(name => expectOneOf('bench', 'case', name, names)) ?? names;
  const asked = values.backend?.map(name => expectOneOf('bench', 'backend', name, BACKENDS));

  const torch = await startTorch(threads);
  const note = (text: string): void => console.error(text);
  note(
    torch ? `PyTorch ${torch.version}, ${torch.threads} threads` : 'No torch in /usr/bin/python3: ours alone is timed.',
  );
  const engines = await startable(asked ?? BACKENDS.filter(name => name !== 'cpu'), note);
  if (!values.json) console.log(line(HEADINGS));
  const folder = mkdtempSync(join(tmpdir(), 'cosim-bench-'));
  const rows: Row[] = [];
  try {
    for (const engine of engines) {
      await selectBackend({ backend: engine });
      for (const which of CASES.filter(({ name }) => chosen.includes(name))) {
        const row = await time(which, engine, rounds, torch, folder);
        rows.push(row);
        console.log(values.json ? JSON.stringify(row) : line(cells(row)));
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
    torch?.end();
  }
  const results = JSON.stringify({ ...provenance(torch), rows }, null, 2);
  await writeFileAtomic(join(__dirname, 'results.json'), `${results}\n`);
};

void main();
