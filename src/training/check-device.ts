/* One small step of distillation on an accelerator and on the processor: do they agree, how long, how much memory. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensors } from '../compute/tensors';
import type { Device } from '../compute/xla/device';
import type { Precision } from '../compute/xla/emitter';
import type { Dataset } from '../datasets';
import { normalRows } from '../compute/noise';
import { cosim } from '../methods';
import { auxiliaryOf, denoiserFromConfig, freshParameters } from '../networks';
import { type DrawBatch, partsOf } from './draw-ahead';
import { drawInputs } from './draw-inputs';
import { EagerEngine } from './eager-engine';
import { type Engine, slicesOf } from './engine';
import { RUN_DEFAULTS, type RunOptions } from './options';
import { initialState } from './step';
import { XlaEngine } from './xla-engine';

/** What the check found. */
export type DeviceCheck = {
  /** relative difference of the losses, the largest */
  lossError: number;
  /** relative L2 difference of what the step changes in the parameters */
  changeError: number;
  /** whether both are as small as rounding */
  agrees: boolean;
  /** seconds to trace and compile, or to load what was compiled before */
  compileSeconds: number;
  /** milliseconds of a step when all is compiled */
  stepMs: number;
};

const NETWORK = { kind: 'mlp', dimensions: 2, width: 64, blocks: 2, classes: 0 };
const BATCH = 256;
const TIMED = 20;

/** With eps 1 Adam's change follows the gradient; as it is it divides by |gradient|, which turns rounding into signs. */
const OPTIONS: RunOptions = { ...RUN_DEFAULTS, batch: BATCH, learningRate: 1e-2, eps: 1, seed: 1 };

/** In float32 both sides differ by rounding alone. */
const TOLERANCE = 1e-4;

const points: Dataset = {
  name: 'check',
  sampleShape: [2],
  classes: 0,
  length: Infinity,
  provenance: {},
  batch: indices =>
    Promise.resolve({
      x: normalRows({ seed: 1, stream: 'check' }, 0, indices.length, 2).map(z => 0.5 * z),
      labels: new Int32Array(indices.length),
    }),
};

/** Copies of a state's values on the host. */
export const hostOf = async (state: Tensors): Promise<Record<string, Float32Array>> => {
  const read = Object.entries(state).map(async ([name, t]) => [name, (await t.data<'float32'>()).slice()] as const);
  return Object.fromEntries(await Promise.all(read));
};

/** Relative L2 distance of two changes of the parameters `start`: those that lead to `a` and to `b`. */
export const distanceOfChanges = (
  start: Record<string, Float32Array>,
  a: Record<string, Float32Array>,
  b: Record<string, Float32Array>,
): number => {
  let [difference, size] = [0, 0];
  for (const [name, before] of Object.entries(start))
    before.forEach((x, i) => {
      difference += (a[name][i] - b[name][i]) ** 2;
      size += (b[name][i] - x) ** 2;
    });
  return Math.sqrt(difference / size);
};

/** A CoSIM step of a small network on `device`, compared with TensorFlow.js here; a backend must have been selected. */
export const checkDevice = async (device: Device, precision: Precision = 'float32'): Promise<DeviceCheck> => {
  const denoiser = denoiserFromConfig(NETWORK);
  const method = cosim(denoiser, denoiser);
  const fresh = (): Tensors => {
    const roles = {
      phi: freshParameters(denoiser, 1),
      theta: freshParameters(denoiser, 2),
      psi: freshParameters(auxiliaryOf(denoiser), 3),
    };
    return initialState(
      roles,
      method.updates.map(({ trains }) => trains),
      OPTIONS,
    );
  };
  const step = async (engine: Engine, number: number): Promise<number[]> => {
    const losses: number[] = [];
    for (const update of method.updates) {
      const draw: DrawBatch = (u, slice, options) => drawInputs(u.inputs, points, slice, options);
      const slices = slicesOf(OPTIONS, number, engine.parts);
      const metrics = await engine.update(update, partsOf(draw, update, slices, engine.given), {
        step: number,
        images: number * BATCH,
      });
      losses.push((await metrics()).loss);
    }
    return losses;
  };
  const [here, there] = [fresh(), fresh()];
  const start = await hostOf(here);
  const reference = new EagerEngine(here, OPTIONS);
  const expected = await step(reference, 0);
  const end = await hostOf(reference.state());
  reference.dispose();

  const engine = await XlaEngine.create(device, method, OPTIONS, there, { devices: 1, precision, reason: 'check' });
  tf.dispose(there);
  try {
    const compiling = performance.now();
    for (const update of method.updates) await engine.prepare(update);
    const compileSeconds = (performance.now() - compiling) / 1000;
    const losses = await step(engine, 0);
    await engine.fetch();
    const lossError = Math.max(...losses.map((loss, i) => Math.abs(loss / expected[i] - 1)));
    const changeError = distanceOfChanges(start, await hostOf(engine.state()), end);
    const timing = performance.now();
    for (let i = 1; i <= TIMED; i++) await step(engine, i);
    const stepMs = (performance.now() - timing) / TIMED;
    return { lossError, changeError, agrees: lossError < TOLERANCE && changeError < TOLERANCE, compileSeconds, stepMs };
  } finally {
    engine.dispose();
  }
};
