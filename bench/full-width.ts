// node --import tsx bench/full-width.ts [--case NAME]: the paper's own networks on this machine, with random weights. Each
// case runs in a process of its own, for its peak memory, and stores one row in bench/full-width.json.
import { shapeSize } from '../src/compute/host-arrays';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { writeFileAtomic } from '../src/checkpoints';
import { selectBackend } from '../src/compute/backend';
import { expectOneOf } from '../src/compute/check';
import { normalRows } from '../src/compute/noise';
import { dismissWorkers, targetFor } from '../src/compute/onnx';
import type { Dataset } from '../src/datasets';
import { methodFromConfig } from '../src/methods';
import {
  auxiliaryParameters,
  freshParameters,
  type Model,
  parameterCount,
  publishedDenoiser,
  type PublishedName,
  withEngine,
} from '../src/networks';
import { distill, initialState, paperPreset, newRunOptions } from '../src/training';
import { CompiledEngine } from '../src/training/compiled-engine';
import { drawAhead, partsOf } from '../src/training/draw-ahead';
import { slicesOf } from '../src/training/engine';
import { provenance } from './provenance';

type Times = { wall_s: number; cpu_s: number };

/** What a case measured; `first` includes tracing and opening sessions, `next` does not. */
type Row = {
  case: string;
  network: PublishedName;
  parameters: number; // of one of theta, phi, psi
  batch: number;
  engine: string;
  first: Times;
  next?: Times;
  peak_gb: number;
  load: number;
  numbers: Record<string, number>;
};

const rounded = (value: number): number => Number(value.toPrecision(4));

const timed = async <T>(work: () => Promise<T>): Promise<Times & { result: T }> => {
  const [start, used] = [performance.now(), process.cpuUsage()];
  const result = await work();
  const { user, system } = process.cpuUsage(used);
  return {
    result,
    wall_s: rounded((performance.now() - start) / 1e3),
    cpu_s: rounded((user + system) / 1e6),
  };
};

const timesOf = ({ wall_s, cpu_s }: Times): Times => ({ wall_s, cpu_s });

/** Normal noise in place of images: what a step costs does not depend on them. */
const noise = (sampleShape: readonly number[]): Dataset => {
  const size = shapeSize(sampleShape);
  return {
    name: 'noise',
    sampleShape,
    classes: 0,
    length: 50_000,
    batch: indices => {
      const x = new Float32Array(indices.length * size);
      indices.forEach((k, i) => x.set(normalRows({ seed: 1, stream: 'bench' }, k, 1, size), i * size));
      return Promise.resolve({ x: x.map(v => v / 2), labels: new Int32Array(0) });
    },
    provenance: { seed: 1 },
  };
};

const modelOf = (name: PublishedName): Model => {
  const denoiser = publishedDenoiser(name);
  return { denoiser, parameters: freshParameters(denoiser, 1) };
};

const finish = (row: Omit<Row, 'peak_gb' | 'load' | 'parameters'>): Row => ({
  ...row,
  parameters: parameterCount(publishedDenoiser(row.network).parameters),
  peak_gb: rounded((process.resourceUsage().maxRSS * 1024) / 1e9),
  load: rounded(loadavg()[0]),
});

const CIFAR10 = 'edm-cifar10-32x32-uncond-vp';

/** Two iterations of Algorithm 2 with Table 5's options but for the batch. */
const step = async (name: string): Promise<Row> => {
  const { generator, run: options, method } = paperPreset('cifar10-uncond');
  const { parameters, denoiser } = modelOf(CIFAR10);
  const run = distill({
    teacher: { denoiser, parameters },
    start: { denoiser: generator, parameters },
    dataset: noise(denoiser.sampleShape),
    method,
    run: { ...options, batch: 1, accumulationRounds: 1, engine: 'onnx', workers: 1 },
  });
  tf.dispose(parameters);
  const first = await timed(() => run.train({ images: 1 }));
  const next = await timed(() => run.train({ images: 2 }));
  const { psiLoss, psiGradNorm, phiLoss, phiGradNorm, nonFinite } = run.history[1];
  const engine = `${run.engineReport.engine}, 1 worker, ${run.engineReport.reason}`;
  const numbers = { psiLoss, psiGradNorm, phiLoss, phiGradNorm, nonFinite };
  return finish({
    case: name,
    network: CIFAR10,
    batch: 1,
    engine,
    first: timesOf(first),
    next: timesOf(next),
    numbers,
  });
};

/** The gradients of a batch of 2 in one round and in two: they are sums of the same terms. */
const accumulation = async (name: string): Promise<Row> => {
  const { method: options } = paperPreset('cifar10-uncond');
  const { parameters, denoiser } = modelOf(CIFAR10);
  const method = methodFromConfig(options, { theta: denoiser, phi: denoiser });
  const psi = auxiliaryParameters(denoiser, parameters, 'copy'); // F is not D, and phi has a gradient
  const gradientsOf = async (rounds: number): Promise<Float32Array[]> => {
    const chosen = newRunOptions({ batch: 2, accumulationRounds: rounds });
    const state = tf.tidy(() => initialState({ theta: parameters, phi: parameters, psi }, ['psi', 'phi'], chosen));
    const target = await targetFor();
    const engine = await CompiledEngine.create(method, chosen, state, { target, workers: 1, reason: '' });
    const data = noise(denoiser.sampleShape);
    const gradients: Float32Array[] = [];
    for (const update of method.updates) {
      const draw = drawAhead(method, data, 1);
      gradients.push(await engine.gradient(update, partsOf(draw, update, slicesOf(chosen, 0, engine.parts))));
    }
    engine.dispose();
    await dismissWorkers();
    return gradients;
  };
  const first = await timed(() => gradientsOf(1));
  const next = await timed(() => gradientsOf(2));
  const norm = (a: Float32Array): number => Math.sqrt(a.reduce((sum, v) => sum + v * v, 0));
  const numbers = Object.fromEntries(
    method.updates.flatMap(({ trains }, i) => {
      const [one, two] = [first.result[i], next.result[i]];
      const difference = norm(one.map((v, j) => v - two[j])) / norm(one);
      return [
        [`${trains}GradNorm`, norm(one)],
        [`${trains}Difference`, difference], // relative, L2
      ];
    }),
  ) as Record<string, number>;
  const engine = 'compiled, 1 worker';
  return finish({
    case: name,
    network: CIFAR10,
    batch: 2,
    engine,
    first: timesOf(first),
    next: timesOf(next),
    numbers,
  });
};

/** D(x, sigma) of one latent of class 0, twice. */
const forward = async (name: string): Promise<Row> => {
  const network = 'edm2-img512-s';
  const model = modelOf(network);
  const { sampleShape, classes } = model.denoiser;
  const call = ({ denoiser, parameters }: Model): Promise<Float32Array> => {
    const size = tf.util.sizeFromShape([...sampleShape]);
    const x = tf.tensor(normalRows({ seed: 2, stream: 'bench' }, 0, 1, size), [1, ...sampleShape]);
    const labels = tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d([0], 'int32'), classes), 'float32'));
    const denoised = denoiser.denoise(parameters, x, tf.tensor1d([1]), { labels });
    return denoised.data<'float32'>();
  };
  const measure = async (compiled: Model) => ({
    first: await timed(() => call(compiled)),
    next: await timed(() => call(compiled)),
  });
  const { first, next } = await withEngine('onnx', model, measure, { workers: 1 });
  const values = first.result;
  const rms = Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
  const numbers = { outputs: values.length, nonFinite: values.filter(v => !Number.isFinite(v)).length, rms };
  const engine = 'compiled, 1 worker';
  return finish({ case: name, network, batch: 1, engine, first: timesOf(first), next: timesOf(next), numbers });
};

const CASES: Record<string, (name: string) => Promise<Row>> = {
  'CoSIM step': step,
  'gradients, 1 round of 2 and 2 of 1': accumulation,
  'forward pass': forward,
};
const RESULTS = join(__dirname, 'full-width.json');

const store = async (row: Row): Promise<void> => {
  const stored = existsSync(RESULTS) ? (JSON.parse(readFileSync(RESULTS, 'utf8')) as { rows: Row[] }).rows : [];
  const rows = [...stored.filter(other => other.case !== row.case), { ...row, ...provenance() }];
  const place = ({ case: name }: Row): number => Object.keys(CASES).indexOf(name);
  rows.sort((a, b) => place(a) - place(b));
  await writeFileAtomic(RESULTS, `${JSON.stringify({ rows }, null, 2)}\n`);
  console.log(JSON.stringify(row));
};

const main = async (): Promise<void> => {
  const { values } = parseArgs({ options: { case: { type: 'string' } } });
  if (values.case === undefined) {
    for (const name of Object.keys(CASES))
      execFileSync(process.execPath, ['--import', 'tsx', __filename, '--case', name], { stdio: 'inherit' });
    return;
  }
  const name = expectOneOf('bench', 'case', values.case, Object.keys(CASES));
  await selectBackend({ backend: 'cpu' }); // tensors are plain arrays, freed when disposed of: nothing is computed by it
  await store(await CASES[name](name));
};

void main();
