// Times one case on one engine beside PyTorch, in turns, after checking that all compute the same. A process of its
// own for each case, so that peak memory is the case's. Takes a task as JSON on stdin, prints its rows as one JSON line.
import { median, quantile } from 'd3';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs-core';
import { loadTensors, readSafetensors } from '../src/checkpoints';
import { type BackendName, selectBackend } from '../src/compute/backend';
import type { Tensors } from '../src/compute/tensors';
import { parameterCount } from '../src/networks';
import type { RunOptions } from '../src/training';
import { type Case, COSIM, denoiserOf, OPTIONS, SAMPLING } from './cases';
import { type EngineName, type Ours, startOf, withOurs } from './ours';
import { channelsLast, startTorch, type Torch, type TorchMode, writeStart } from './torch';
import { openForBench } from './xla-device';

/** What to time. */
export type Task = {
  which: Case;
  engine: 'compiled' | 'xla' | BackendName;
  workers: number; // of the compiled engine
  rounds: number;
  threads: number; // PyTorch's, 0: without PyTorch
};

/** One line of the result, ours beside one PyTorch; the field names are those of the JSON lines. */
export type Row = {
  case: string;
  engine: string; // with the device's name for xla
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
  torch_mode: TorchMode | null;
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

type Errors = { loss: number; result: number };

const copiesOf = async (tensors: Tensors): Promise<Record<string, Float32Array>> => {
  const entries = Object.entries(tensors).map(async ([name, t]) => [name, (await t.data<'float32'>()).slice()]);
  return Object.fromEntries(await Promise.all(entries)) as Record<string, Float32Array>;
};

/** One step on all sides from one start: relative errors of the losses and of the result, for each PyTorch. */
const compare = async (task: Task, torches: readonly Torch[], folder: string): Promise<Errors[]> => {
  const errors: Errors[] = [];
  await withOurs(task.which, engineOf(task), { ...SMOOTH, workers: task.workers }, async ours => {
    const path = join(folder, 'end.safetensors');
    for (const torch of torches) await load(torch, task.which, ours, SMOOTH, folder);
    const trains = task.which.work === 'edm' || task.which.work === 'cosim';
    const before = trains ? await copiesOf(ours.state()) : {};
    const losses = await ours.step();
    for (const torch of torches) {
      const theirs = await torch.request<Steps>({ steps: 1 });
      await torch.request({ save: path });
      const loss = Math.max(...Object.keys(losses).map(role => Math.abs(losses[role] / theirs.losses[role] - 1)));
      const result = await (trains ? changeError(path, before, ours) : resultError(path, ours));
      if (!(loss < 1e-4 && result < 1e-3))
        throw new Error(`ours and PyTorch's (${torch.mode}) differ, loss by ${loss}, result by ${result}`);
      errors.push({ loss, result });
    }
  });
  return errors;
};

/** Milliseconds after which the threads of the side that ran last have stopped waiting for work on the processor. */
const SETTLE = 200;

const engineOf = ({ engine }: Task): EngineName =>
  engine === 'compiled' ? 'onnx' : engine === 'xla' ? 'xla' : 'eager';

type Times = { wall: number[]; cpu: number[] };

const time = async (task: Task, engine: string, torches: readonly Torch[], folder: string): Promise<Row[]> => {
  const { which, rounds } = task;
  const errors = torches.length > 0 ? await compare(task, torches, folder) : [];
  const ours: Times = { wall: [], cpu: [] };
  const theirs = torches.map((): Times => ({ wall: [], cpu: [] }));
  const settle = () => rest(torches.length > 0 ? SETTLE : 0);
  await withOurs(which, engineOf(task), { ...OPTIONS, workers: task.workers }, async side => {
    for (const torch of torches) await load(torch, which, side, OPTIONS, folder);
    for (let round = -2; round < rounds; round++) {
      await settle();
      const [start, usage] = [performance.now(), process.cpuUsage()];
      await side.step();
      const { user, system } = process.cpuUsage(usage);
      const wall = performance.now() - start;
      if (round >= 0) {
        ours.wall.push(wall);
        ours.cpu.push((user + system) / 1000);
      } // the others are warm-up
      for (const [i, torch] of torches.entries()) {
        await settle();
        const { ms, cpuMs } = await torch.request<Steps>({ steps: 1 });
        if (round < 0) continue;
        theirs[i].wall.push(...ms);
        theirs[i].cpu.push(...cpuMs);
      }
    }
  });
  const row = {
    case: which.name,
    engine,
    ours_ms: median(ours.wall)!,
    torch_ms: null,
    ratio: null,
    ours_cpu_ms: median(ours.cpu)!,
    torch_cpu_ms: null,
    n: rounds,
    ours_spread: spread(ours.wall),
    torch_spread: null,
    ours_peak_mb: process.resourceUsage().maxRSS / 1024,
    torch_peak_mb: null,
    batch: which.batch,
    workers: task.engine === 'compiled' ? task.workers : 1,
    torch_threads: null,
    parameters: parameterCount(denoiserOf(which).parameters),
    torch_version: null,
    torch_mode: null,
    loss_error: null,
    result_error: null,
  };
  const beside = torches.map(async (torch, i): Promise<Row> => {
    const { wall, cpu } = theirs[i];
    return {
      ...row,
      torch_ms: median(wall)!,
      ratio: row.ours_ms / median(wall)!,
      torch_cpu_ms: median(cpu)!,
      torch_spread: spread(wall),
      torch_peak_mb: (await torch.request<{ peakMb: number }>({ memory: true })).peakMb,
      torch_threads: torch.threads,
      torch_version: torch.version,
      torch_mode: torch.mode,
      loss_error: errors[i].loss,
      result_error: errors[i].result,
    };
  });
  return torches.length > 0 ? Promise.all(beside) : [row];
};

const main = async (): Promise<void> => {
  const task = JSON.parse(readFileSync(0, 'utf8')) as Task;
  const { engine } = task;
  await selectBackend({ backend: engine === 'compiled' || engine === 'xla' ? 'wasm' : engine });
  const device = engine === 'xla' ? await openForBench() : undefined;
  const torches = task.threads > 0 ? await startTorch(task.threads) : [];
  const folder = mkdtempSync(join(tmpdir(), 'cosim-bench-'));
  try {
    const name = device ? `xla on ${device.name}` : engine;
    console.log(JSON.stringify(await time(task, name, torches, folder)));
  } finally {
    rmSync(folder, { recursive: true });
    for (const torch of torches) torch.end();
    device?.dispose();
  }
};

if (require.main === module) void main();
