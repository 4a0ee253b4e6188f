/* A case of the benchmark on the XLA engine: the same networks, batches and options as `npm run bench`. */
import { median } from 'd3';
import * as tf from '@tensorflow/tfjs-core';
import type { HostArray } from '../../src/compute/host-arrays';
import type { Precision } from '../../src/compute/xla/emitter';
import type { PjrtDevice } from '../../src/compute/xla/pjrt';
import type { Dataset } from '../../src/datasets';
import type { Method, Role } from '../../src/methods';
import type { Tensors } from '../../src/compute/tensors';
import { auxiliaryOf } from '../../src/networks';
import { initialState, type RunOptions } from '../../src/training';
import { drawAhead, type DrawBatch, partsOf } from '../../src/training/draw-ahead';
import { type Engine, type PendingMetrics, slicesOf, type UpdateMetrics } from '../../src/training/engine';
import { XlaEngine } from '../../src/training/xla-engine';
import { type Case, CASES, denoiserOf, methodOf, noiseData } from '../../bench/cases';
import { weights } from '../../bench/ours';

/** `NAME@BATCH:PRECISION`, e.g. `unet-cosim@64:tf32`. */
export const parseCase = (text: string): { name: string; batch: number; precision: Precision } => {
  const [, name, batch, precision] = /^([\w-]+)@(\d+):(float32|tf32|bf16)$/.exec(text) ?? [];
  if (name === undefined) throw new Error(`expected NAME@BATCH:PRECISION, got ${text}`);
  return { name, batch: Number(batch), precision: precision as Precision };
};

/** A case by its name: those of the benchmark, and the network of CIFAR-10. */
export const caseOf = (name: string, batch: number): Case => {
  const known = CASES.find(c => c.name === name);
  if (known) return { ...known, batch };
  const cifar = CASES.find(c => c.name === 'cifar-forward')!;
  if (name !== 'cifar-edm' && name !== 'cifar-cosim') throw new Error(`no case is named ${name}`);
  return { ...cifar, name, work: name === 'cifar-edm' ? 'edm' : 'cosim', batch };
};

/** What training a case needs before an engine. */
export type Prepared = { method: Method; draw: DrawBatch; state: Tensors; options: RunOptions };

/** A data set that gives the same samples every time, so that reading them takes no time. */
const always = (data: Dataset): Dataset => {
  const known = new Map<number, ReturnType<Dataset['batch']>>();
  const first = (count: number) => data.batch(Array.from({ length: count }, (_, i) => i));
  return {
    ...data,
    batch: ({ length }) => {
      const batch = known.get(length) ?? first(length);
      known.set(length, batch);
      return batch;
    },
  };
};

/** Fresh weights, the same clean samples in every step, and noise as a run draws it. The caller disposes of the state. */
export const prepared = (which: Case, given: RunOptions): Prepared => {
  const options = { ...given, batch: which.batch };
  const denoiser = denoiserOf(which);
  const data = always(noiseData(denoiser));
  const roles: Partial<Record<Role, Tensors>> = { phi: weights(denoiser, 1) };
  if (which.work === 'cosim') {
    roles.theta = weights(denoiser, 2);
    roles.psi = weights(auxiliaryOf(denoiser), 3);
  }
  const method = methodOf(which);
  const trained = method.updates.map(({ trains }) => trains);
  return {
    method,
    draw: drawAhead(method, data, 2),
    state: initialState(roles, trained, options),
    options,
  };
};

/** The engine with every program compiled, and how long that took in seconds. */
export const xlaEngine = async (
  { method, state, options }: Prepared,
  device: PjrtDevice,
  precision: Precision,
): Promise<{ engine: XlaEngine; seconds: number }> => {
  const started = performance.now();
  const engine = await XlaEngine.create(device, method, options, state, { devices: 1, precision, reason: 'check' });
  tf.dispose(state);
  await Promise.all(method.updates.map(update => engine.prepare(update)));
  return { engine, seconds: (performance.now() - started) / 1000 };
};

/** What a step uploads, alone: bytes, and the median time in ms until all of it is there. */
export const uploadCost = async (
  { client }: PjrtDevice,
  engine: XlaEngine,
  { method, draw, options }: Prepared,
): Promise<{ bytes: number; ms: number }> => {
  const { chance, samples } = engine.given;
  const arrays: HostArray[] = [];
  for (const update of method.updates)
    for await (const part of partsOf(draw, update, slicesOf(options, 0, engine.parts), { chance, samples }))
      arrays.push(...Object.values(part));
  const times: number[] = [];
  for (let i = 0; i < 9; i++) {
    const started = performance.now();
    const sent = await Promise.all(arrays.map(({ data, shape }) => client.upload(data, shape)));
    await Promise.all(sent.map(buffer => buffer.ready()));
    times.push(performance.now() - started);
    for (const buffer of sent) buffer.dispose();
  }
  return { bytes: arrays.reduce((sum, { data }) => sum + data.byteLength, 0), ms: median(times)! };
};

/**
 * Runs steps from number `first` on; the metrics of a step are read while the next one runs, or all of `late` steps at once.
 * @returns when each step's metrics were read in ms, beginning with the start; and the last step's metrics by role
 */
export const steps = async (
  engine: Engine,
  { method, draw, options }: Prepared,
  { first = 0, count, late = 1 }: { first?: number; count: number; late?: number },
): Promise<{ ends: number[]; metrics: Record<string, UpdateMetrics> }> => {
  const metrics: Record<string, UpdateMetrics> = {};
  const ends = [performance.now()];
  let waiting: (readonly [string, PendingMetrics])[][] = [];
  const readAll = async (): Promise<void> => {
    for (const step of waiting) {
      for (const [role, read] of step) metrics[role] = await read();
      ends.push(performance.now());
    }
    waiting = [];
  };
  for (let i = first; i < first + count; i++) {
    const begun: [string, PendingMetrics][] = [];
    for (const update of method.updates) {
      const parts = partsOf(draw, update, slicesOf(options, i, engine.parts), engine.given);
      begun.push([update.trains, await engine.update(update, parts, { step: i, images: i * options.batch })]);
    }
    if (late === 1) await readAll(); // of the step before: this one computes
    waiting.push(begun);
    if (late > 1 && waiting.length === late) await readAll();
  }
  await readAll();
  return { ends, metrics };
};
