/* Times of a forward pass, and of four steps of Algorithm 1 as one program; noise uploaded and images read every time. */
import { shapeSize } from '../../src/compute/host-arrays';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute';
import { trace } from '../../src/compute/graph/trace';
import { normal } from '../../src/compute/noise';
import { addPrefix, type Tensors, withPrefix } from '../../src/compute/tensors';
import type { DeviceArray } from '../../src/compute/xla/device';
import { moduleOf } from '../../src/compute/xla/emit';
import type { Precision } from '../../src/compute/xla/emitter';
import { type HadProgram, openXlaDevice, type PjrtDevice } from '../../src/compute/xla/pjrt';
import { type Case, denoiserOf, SAMPLING } from '../../bench/cases';
import { weights } from '../../bench/ours';
import { blockTimes, stepsFor } from './blocks';
import { productFlops } from './product-flops';
import { type Report, rounded } from './report';
import { caseOf, parseCase } from './training-case';
import { myTurn } from './turn';

/** What the case computes from `phi/...` and its inputs. */
const functionOf = (which: Case): ((x: Tensors) => Tensors) => {
  const denoiser = denoiserOf(which);
  if (which.work === 'forward')
    return given => ({ y: denoiser.denoise(withPrefix('phi/', given), given.x, given.sigma) });
  const { times } = SAMPLING;
  return given => {
    const parameters = withPrefix('phi/', given);
    let x: tf.Tensor = tf.mul(given.noise0, times[0]);
    for (const [i, t] of times.entries()) {
      x = denoiser.denoise(parameters, x, tf.fill([which.batch], t));
      if (i + 1 < times.length) x = tf.add(x, tf.mul(given[`noise${i + 1}`], times[i + 1]));
    }
    return { y: x };
  };
};

const timed = async (device: PjrtDevice, which: Case, precision: Precision): Promise<Record<string, unknown>> => {
  const denoiser = denoiserOf(which);
  const shape = [which.batch, ...denoiser.sampleShape];
  const size = shapeSize(shape);
  const names = which.work === 'forward' ? ['x', 'sigma'] : SAMPLING.times.map((_, i) => `noise${i}`);
  const inputs = Object.fromEntries(
    names.map(name => [
      name,
      name === 'sigma'
        ? { data: new Float32Array(which.batch).fill(1), shape: [which.batch] }
        : { data: normal({ seed: 1, stream: name }, size), shape },
    ]),
  );
  const parameters = addPrefix('phi/', weights(denoiser, 1));
  const shapes = Object.fromEntries([
    ...Object.entries(parameters).map(([name, t]) => [name, t.shape] as const),
    ...Object.entries(inputs).map(([name, array]) => [name, array.shape] as const),
  ]);
  const started = performance.now();
  const module = moduleOf(trace(functionOf(which), shapes), precision);
  const program = await device.compile(module);
  const ready = (performance.now() - started) / 1000;
  const held = new Map<string, DeviceArray>();
  for (const [name, t] of Object.entries(parameters))
    held.set(name, await device.upload(await t.data<'float32'>(), t.shape));
  tf.dispose(parameters);
  const images = new Float32Array(size);
  const once = async (): Promise<number> => {
    const sent = new Map<string, DeviceArray>();
    for (const [name, { data, shape: s }] of Object.entries(inputs)) sent.set(name, await device.upload(data, s));
    const [[y]] = await program.run([module.arguments.map(({ name }) => (held.get(name) ?? sent.get(name))!)]);
    await y.read(images);
    for (const array of [y, ...sent.values()]) array.dispose();
    return performance.now();
  };
  await myTurn();
  const warm = [await once(), await once(), await once()];
  const ends = [performance.now()];
  const count = stepsFor(warm[2] - warm[1]);
  for (let i = 0; i < count; i++) ends.push(await once());
  for (const array of held.values()) array.dispose();
  program.dispose();
  const { ms, ...how } = blockTimes(ends);
  const flops = productFlops(module);
  return {
    ms,
    ...how,
    flops,
    tflops: rounded(flops / ms / 1e9),
    ready_s: rounded(ready),
    card: device.name,
    program: program.memory,
    memory: device.client.memory(),
  };
};

/** @param asked `cifar-forward@B:PRECISION`, `sample-unet@B:PRECISION` */
export const inferenceSection = async (report: Report, cache: string, asked: readonly string[]): Promise<void> => {
  await selectBackend({ backend: 'wasm' });
  const programs: Omit<HadProgram, 'program'>[] = [];
  const device = await openXlaDevice({
    cache,
    onProgram: ({ from, seconds }) => {
      programs.push({ from, seconds });
    },
  });
  for (const text of asked) {
    const { name, batch, precision } = parseCase(text);
    programs.length = 0;
    try {
      const result = await timed(device, caseOf(name, batch), precision);
      const together = process.env.CHECK_TURNS !== undefined; // compiled while others compiled
      report({ case: name, batch, precision, together, ...result, programs });
    } catch (error) {
      report({ case: name, batch, precision, error: String((error as Error).stack).slice(0, 1500) });
    }
  }
  device.dispose();
};
