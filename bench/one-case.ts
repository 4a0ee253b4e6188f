// Times one case on one engine beside PyTorch, in alternation, after checking that both compute the same. A process of its
// own for each case, so that peak memory is the case's. Takes one JSON argument, prints one JSON line.
import { median, quantile } from 'd3';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs-core';
import { loadTensors, readSafetensors } from '../src/checkpoints';
import { type BackendName, selectBackend } from '../src/compute/backend';
import { parameterCount } from '../src/networks';
import type { RunOptions } from '../src/training';
import { type Case, COSIM, denoiserOf, OPTIONS, SAMPLING } from './cases';
import { type EngineName, type Ours, startOf, withOurs } from './ours';
import { channelsLast, startTorch, type Torch, writeStart } from './torch';

/** What to time. */
export type Task = {
  which: Case;
  engine: 'compiled' | BackendName;
  workers: number; // of the compiled engine
  rounds: number;
  threads: number; // PyTorch's, 0: without PyTorch
};

/** One line of the result; the field names are those of the JSON lines. */
export type Row = {
  case: string;
  engine: string;
  ours_ms: number; // median
  torch_ms: number | null;
  ratio: number | null; // ours_ms / torch_ms
  ours_cpu_ms: number; // median processor time of all threads: what counts on a machine that others use too
  torch_cpu_ms: number | null;
  n: number; // timed rounds of each side
  ours_spread: number; // interquartile range over median
  torch_spread: number | null;
  ours_peak_mb: number; // memory of the process, network and all
  torch_peak_mb: number | null;
  batch: number;
  workers: number;
  torch_threads: number | null;
  parameters: number;
  torch_version: string | null;
  loss_error: number | null; // of the first step, relative
  result_error: number | null; // of the parameters' change or of what comes out, relative L2
};

const spread = (values: readonly number[]): number =>
  (quantile(values, 0.75)! - quantile(values, 0.25)!) / median(values)!;

const load = async (torch: Torch, which: Case, ours: Ours, options: RunOptions, folder: string): Promise<void> => {
  const path = join(folder, 'start.safetensors');
  await writeStart(path, startOf(ours));
  const { phiScale } = ours;
  await torch.request({
    load: path,
    work: which.work,
    config: denoiserOf(which).config,
    options: { ...options, ...COSIM, ...SAMPLING, phiScale },
  });
};

type Steps = { losses: Record<string, number>; ms: number[]; cpuMs: number[] };

/** Adam as it is divides by |gradient|, which turns rounding into signs; with eps 1 the change follows the gradient. */
const SMOOTH: RunOptions = { ...OPTIONS, learningRate: 1e-2, eps: 1 };

/** Relative L2 distance of the change of every parameter. */
const changeError = async (path: string, before: Record<string, Float32Array>, ours: Ours): Promise<number> => {
  const { tensors } = await loadTensors(path);
  let [difference, size] = [0, 0];
  for (const [name, t] of Object.entries(tensors)) {
    const [end, expected] = [await ours.state()[name].data(), await t.data()];
    before[name].forEach((start, i) => {
      difference += (end[i] - expected[i]) ** 2;
      size += (expected[i] - start) ** 2;
    });
  }
  tf.dispose(tensors);
  return Math.sqrt(difference / size);
};

const resultError = async (path: string, ours: Ours): Promise<number> => {
  const { data, shape } = ours.result()!;
  const { result } = (await readSafetensors(path)).tensors;
  const expected = channelsLast(result.data as Float32Array, shape);
  const norm = (values: Float32Array): number => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
  return norm(data.map((x, i) => x - expected[i])) / norm(expected);
};

/** One step on both sides from one start: relative errors of the losses and of the result. */
const compare = async (task: Task, torch: Torch, folder: string): Promise<{ loss: number; result: number }> => {
  const errors = { loss: NaN, result: NaN };
  await withOurs(task.which, engineOf(task), { ...SMOOTH, workers: task.workers }, async ours => {
    const path = join(folder, 'end.safetensors');
    await load(torch, task.which, ours, SMOOTH, folder);
    const entries = Object.entries(ours.state()).map(async ([name, t]) => [name, (await t.data<'float32'>()).slice()]);
    const before = Object.fromEntries(await Promise.all(entries)) as Record<string, Float32Array>;
    const losses = await ours.step();
    const theirs = await torch.request<Steps>({ steps: 1 });
    await torch.request({ save: path });
    errors.loss = Math.max(...Object.keys(losses).map(role => Math.abs(losses[role] / theirs.losses[role] - 1)));
    errors.result = await (ours.result() ? resultError(path, ours) : changeError(path, before, ours));
  });
  return errors;
};

/** Milliseconds after which the threads of the side that ran last have stopped waiting for work on the processor. */
const SETTLE = 200;

const engineOf = ({ engine }: Task): EngineName => (engine === 'compiled' ? 'onnx' : 'eager');

const time = async (task: Task, torch: Torch | undefined, folder: string): Promise<Row> => {
  const { which, rounds } = task;
  const errors = torch && (await compare(task, torch, folder));
  if (errors && !(errors.loss < 1e-4 && errors.result < 1e-3))
    throw new Error(`${which.name}: ours and PyTorch's differ, loss by ${errors.loss}, result by ${errors.result}`);
  const ours = { wall: [] as number[], cpu: [] as number[] };
  const theirs = { wall: [] as number[], cpu: [] as number[] };
  await withOurs(which, engineOf(task), { ...OPTIONS, workers: task.workers }, async side => {
    if (torch) await load(torch, which, side, OPTIONS, folder);
    for (let round = -2; round < rounds; round++) {
      await rest(torch ? SETTLE : 0);
      const [start, usage] = [performance.now(), process.cpuUsage()];
      await side.step();
      const { user, system } = process.cpuUsage(usage);
      const wall = performance.now() - start;
      await rest(torch ? SETTLE : 0);
      const other = await torch?.request<Steps>({ steps: 1 });
      if (round < 0) continue; // warm-up
      ours.wall.push(wall);
      ours.cpu.push((user + system) / 1000);
      theirs.wall.push(...(other?.ms ?? []));
      theirs.cpu.push(...(other?.cpuMs ?? []));
    }
  });
  const memory = await torch?.request<{ peakMb: number }>({ memory: true });
  return {
    case: which.name,
    engine: task.engine,
    ours_ms: median(ours.wall)!,
    torch_ms: torch ? median(theirs.wall)! : null,
    ratio: torch ? median(ours.wall)! / median(theirs.wall)! : null,
    ours_cpu_ms: median(ours.cpu)!,
    torch_cpu_ms: torch ? median(theirs.cpu)! : null,
    n: rounds,
    ours_spread: spread(ours.wall),
    torch_spread: torch ? spread(theirs.wall) : null,
    ours_peak_mb: process.resourceUsage().maxRSS / 1024,
    torch_peak_mb: memory?.peakMb ?? null,
    batch: which.batch,
    workers: task.engine === 'compiled' ? task.workers : 1,
    torch_threads: torch?.threads ?? null,
    parameters: parameterCount(denoiserOf(which).parameters),
    torch_version: torch?.version ?? null,
    loss_error: errors?.loss ?? null,
    result_error: errors?.result ?? null,
  };
};

const main = async (): Promise<void> => {
  const task = JSON.parse(readFileSync(0, 'utf8')) as Task;
  await selectBackend({ backend: task.engine === 'compiled' ? 'wasm' : task.engine });
  const torch = task.threads > 0 ? await startTorch(task.threads) : undefined;
  const folder = mkdtempSync(join(tmpdir(), 'cosim-bench-'));
  try {
    console.log(JSON.stringify(await time(task, torch, folder)));
  } finally {
    rmSync(folder, { recursive: true });
    torch?.end();
  }
};

if (require.main === module) void main();
