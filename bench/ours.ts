import type { HostArray } from '../src/compute/host-arrays';
import * as tf from '@tensorflow/tfjs-core';
import type { EngineName as AnyEngine } from '../src/compute/engine-choice';
import { normal } from '../src/compute/noise';
import { dismissWorkers, targetFor } from '../src/compute/onnx';
import { sharedDevice } from '../src/compute/xla/shared-device';
import { addPrefix, type Tensors, withPrefix } from '../src/compute/tensors';
import type { Method, Role } from '../src/methods';
import { drawInputs } from '../src/training';
import type { HostBatch } from '../src/training';
import { auxiliaryOf, type Denoiser, freshParameters, settled, withEngine } from '../src/networks';
import { sampleMultistep } from '../src/samplers';
import { seededNormal } from '../src/samplers/batches';
import { initialState, type RunOptions } from '../src/training';
import { workersFor } from '../src/training/choose-engine';
import { CompiledEngine } from '../src/training/compiled-engine';
import { EagerEngine } from '../src/training/eager-engine';
import type { Engine } from '../src/training/engine';
import { XlaEngine } from '../src/training/xla-engine';
import { type Case, denoiserOf, methodOf, noiseData, SAMPLING } from './cases';

/** Our side of a case. */
export type Ours = {
  step: () => Promise<Record<string, number>>; // once; losses by role, or a sum of what comes out
  batches: Record<string, HostBatch>; // what it is fed, by the role that is trained
  state: () => Tensors; // ROLE/NAME
  result: () => HostArray | undefined; // of a forward pass or of sampling
  phiScale: number; // phi's loss is multiplied by this before it is differentiated
};

export type EngineName = Exclude<AnyEngine, 'auto'>;

/** Fresh weights, moved by noise so that no layer starts near zero; one after the other, as peak memory is measured. */
export const weights = (denoiser: Denoiser, seed: number): Tensors =>
  Object.fromEntries(
    Object.entries(freshParameters(denoiser, seed)).map(([name, t]) => {
      const moved = tf.tidy(() => {
        const noise = normal({ seed, stream: `bench/${name}` }, t.size).map(z => 0.05 * z);
        return tf.add(t, tf.tensor(noise, t.shape));
      });
      t.dispose();
      return [name, moved];
    }),
  );

const rowsOf = ({ data, shape }: HostArray, first: number, count: number): HostArray => {
  const size = data.length / shape[0];
  return { data: data.subarray(first * size, (first + count) * size), shape: [count, ...shape.slice(1)] };
};

/** A drawn batch in equal parts: every step has the same, so that drawing it takes no time. */
async function* inParts(drawn: HostBatch, batch: number, parts: number): AsyncGenerator<HostBatch> {
  const count = batch / parts;
  for (let i = 0; i < parts; i++)
    yield await Promise.resolve(
      Object.fromEntries(Object.entries(drawn).map(([name, array]) => [name, rowsOf(array, i * count, count)])),
    );
}

const trainingEngine = async (
  name: EngineName,
  method: Method,
  options: RunOptions,
  state: Tensors,
): Promise<Engine> => {
  if (name === 'xla') {
    const on = { devices: 1, precision: 'float32', reason: '' } as const;
    return XlaEngine.create(await sharedDevice(), method, options, state, on);
  }
  if (name === 'eager') return new EagerEngine(state, options);
  const compiled = { target: await targetFor(), workers: workersFor(options), reason: '' };
  return CompiledEngine.create(method, options, state, compiled);
};

const training = async (
  which: Case,
  engineName: EngineName,
  given: RunOptions,
  use: (ours: Ours) => Promise<void>,
): Promise<void> => {
  const options = { ...given, batch: which.batch };
  const denoiser = denoiserOf(which);
  const data = noiseData(denoiser);
  const roles: Partial<Record<Role, Tensors>> = { phi: weights(denoiser, 1) };
  if (which.work === 'cosim') {
    roles.theta = weights(denoiser, 2);
    roles.psi = weights(auxiliaryOf(denoiser), 3);
  }
  const slice = { seed: 1, step: 0, batch: which.batch, first: 0, count: which.batch };
  const method = methodOf(which);
  const batches: Record<string, HostBatch> = {};
  for (const { trains, inputs } of method.updates) batches[trains] = await drawInputs(inputs, data, slice);
  const state = initialState(
    roles,
    method.updates.map(({ trains }) => trains),
    options,
  );
  const engine = await trainingEngine(engineName, method, options, state);
  let done = 0;
  const step = async (): Promise<Record<string, number>> => {
    const losses: Record<string, number> = {};
    for (const update of method.updates) {
      const parts = inParts(batches[update.trains], which.batch, engine.parts);
      const metrics = await engine.update(update, parts, { step: done, images: done * which.batch });
      losses[update.trains] = (await metrics()).loss;
    }
    done++;
    return losses;
  };
  const phiScale = method.updates[method.updates.length - 1].lossScale;
  await use({ step, batches, state: () => engine.state(), result: () => undefined, phiScale });
  engine.dispose();
  tf.dispose(state);
};

/** A forward pass at one noise level a sample, or Algorithm 1. */
const inference = async (which: Case, engine: EngineName, use: (ours: Ours) => Promise<void>): Promise<void> => {
  const denoiser = denoiserOf(which);
  const model = { denoiser, parameters: weights(denoiser, 1) };
  const shape = [which.batch, ...denoiser.sampleShape];
  const seeds = Array.from({ length: which.batch }, (_, i) => i);
  const noise = (step: number): HostArray => {
    const t = seededNormal(seeds, step, denoiser.sampleShape);
    const data = t.dataSync<'float32'>().slice();
    t.dispose();
    return { data, shape };
  };
  const sigma = { data: Float32Array.from(seeds, i => 0.1 * 2 ** (i % 8)), shape: [which.batch] };
  const times = SAMPLING.times;
  const batch: HostBatch =
    which.work === 'forward'
      ? { x: noise(0), sigma }
      : Object.fromEntries(times.map((_, i) => [`noise${i}`, noise(i)]));
  let result: HostArray | undefined;
  const common = {
    batches: { phi: batch },
    state: () => addPrefix('phi/', model.parameters),
    result: () => result,
    phiScale: 1,
  };
  const sum = (): Record<string, number> => ({ phi: result!.data.reduce((total, x) => total + Math.abs(x), 0) });

  if (which.work === 'sample') {
    const step = async (): Promise<Record<string, number>> => {
      const { data } = await sampleMultistep({ ...model, seeds, times, batch: SAMPLING.chunk, engine });
      result = { data, shape };
      return sum();
    };
    return use({ ...common, step });
  }
  const x = tf.tensor(batch.x.data, shape);
  const level = tf.tensor1d(sigma.data);
  await withEngine(engine, model, async ({ denoiser: fast, parameters }) => {
    const step = async (): Promise<Record<string, number>> => {
      const y = await settled(() => fast.denoise(parameters, x, level));
      result = { data: await y.data<'float32'>(), shape };
      y.dispose();
      return sum();
    };
    await use({ ...common, step });
  });
};

/** Prepares our side of a case on the current backend and hands it to `use`. */
export const withOurs = async (
  which: Case,
  engine: EngineName,
  options: RunOptions,
  use: (ours: Ours) => Promise<void>,
): Promise<void> => {
  if (which.work === 'forward' || which.work === 'sample') await inference(which, engine, use);
  else await training(which, engine, options, use);
  await dismissWorkers();
};

/** All that PyTorch needs to start where we start: ROLE/NAME and batch/ROLE/NAME. */
export const startOf = ({ state, batches }: Ours): { parameters: Tensors; batches: HostBatch } => {
  const roles = ['theta', 'phi', 'psi'].map(role => addPrefix(`${role}/`, withPrefix(`${role}/`, state())));
  const inputs = Object.entries(batches).flatMap(([role, batch]) =>
    Object.entries(batch).map(([name, array]) => [`batch/${role}/${name}`, array] as const),
  );
  return { parameters: Object.assign({}, ...roles) as Tensors, batches: Object.fromEntries(inputs) };
};
