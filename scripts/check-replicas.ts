/*
 * npm run check:replicas [-- --where-possible]: jaxlib, which is another build of XLA behind another client, reads, compiles
 * and runs what this library emits, on virtual devices of the processor: every kernel beside plain JavaScript, then steps of
 * several devices beside the step of one, and that beside TensorFlow.js. jaxlib is fetched from PyPI into
 * node_modules/.cache, or is that of the Python that COSIM_JAX_PYTHON names; where there is none, nothing is checked, which
 * is a failure unless --where-possible is given.
 */
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../src/compute';
import { shapeSize } from '../src/compute/host-arrays';
import { normalRows } from '../src/compute/noise';
import type { Device } from '../src/compute/xla/device';
import type { Dataset } from '../src/datasets';
import type { Denoiser } from '../src/networks';
import { drawAhead } from '../src/training/draw-ahead';
import { EagerEngine } from '../src/training/eager-engine';
import { XlaEngine } from '../src/training/xla-engine';
import { type Case, denoiserOf, OPTIONS } from '../bench/cases';
import { kernelErrors } from './check-gpu/kernel-errors';
import { prepared, steps } from './check-gpu/training-case';
import { openJaxDevice } from './check-replicas/jax-device';
import { jaxPython } from './check-replicas/jax-python';

const SMALL = { resolution: 8, channels: 1, classes: 3, modelChannels: 8, channelMult: [1, 2], blocks: 1, attention: [4], dropout: 0.1 }; // prettier-ignore
const CASES: readonly Case[] = [
  {
    name: 'an MLP',
    network: { kind: 'mlp', dimensions: 2, width: 32, blocks: 2, classes: 0 },
    work: 'cosim',
    batch: 16,
  },
  { name: 'DDPM++ with labels and dropout', network: { kind: 'ddpmpp', ...SMALL }, work: 'cosim', batch: 8 },
];

/** How a batch is spread: devices, rounds. The first is what the others are compared with. */
const SPREADS = [
  [1, 1],
  [2, 1],
  [4, 1],
  [2, 2],
] as const;

const STEPS = 2;

/** Adam as it is divides by the gradient, which turns rounding into signs; with eps 1 the change follows the gradient. */
const SMOOTH = { ...OPTIONS, learningRate: 1e-2, eps: 1 };

/** Samples of noise, each with its own: parts of a batch differ as they do in a run. */
const noiseOf = ({ sampleShape, classes }: Denoiser): Dataset => ({
  name: 'noise',
  sampleShape,
  classes,
  length: Infinity,
  provenance: {},
  batch: indices => {
    const size = shapeSize(sampleShape);
    const x = new Float32Array(indices.length * size);
    indices.forEach((index, i) => x.set(normalRows({ seed: 1, stream: 'check.data' }, index, 1, size), i * size));
    return Promise.resolve({ x, labels: Int32Array.from(indices, index => (classes > 0 ? index % classes : 0)) });
  },
});

/** How the state has changed after some steps of one engine, all parameters in one. */
const trained = async (
  which: Case,
  [devices, rounds]: readonly [number, number],
  device?: Device,
): Promise<Float32Array> => {
  const given = prepared(which, { ...SMOOTH, accumulationRounds: rounds });
  const { method, options, state } = given;
  const ready = { ...given, draw: drawAhead(method, noiseOf(denoiserOf(which)), 2) };
  const on = { devices, precision: 'float32', reason: 'check' } as const;
  const before = new Map<string, Float32Array>();
  for (const [name, t] of Object.entries(state)) before.set(name, (await t.data<'float32'>()).slice());
  const engine = device ? await XlaEngine.create(device, method, options, state, on) : new EagerEngine(state, options);
  await steps(engine, ready, { count: STEPS });
  await engine.fetch();
  const changes: number[] = [];
  for (const [name, t] of Object.entries(engine.state())) {
    const start = before.get(name)!;
    (await t.data<'float32'>()).forEach((x, i) => changes.push(x - start[i]));
  }
  engine.dispose();
  if (device) tf.dispose(state);
  return Float32Array.from(changes);
};

const norm = (values: Float32Array): number => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));

const distance = (a: Float32Array, b: Float32Array): number => norm(a.map((x, i) => x - b[i])) / norm(b);

/** What two float32 computations of the same numbers differ by at least. */
const LEAST_FLOOR = 1e-7;

/** Says whether something passed, and what was found. */
const said = (passes: boolean, what: string): void => {
  if (!passes) process.exitCode = 1;
  console.log(`${passes ? 'ok  ' : 'FAIL'} ${what}`);
};

/** Every kernel, value and gradients. */
const checkKernels = async (device: Device): Promise<void> => {
  const { cases, worst, beyond, failed } = await kernelErrors(device);
  const count = Object.keys({ ...worst, ...failed }).length;
  for (const [kernel, error] of Object.entries(beyond)) said(false, `${kernel}: ${error.toExponential(1)}`);
  for (const [kernel, problem] of Object.entries(failed)) said(false, `${kernel}: ${problem}`);
  const largest = Math.max(0, ...Object.values(worst)).toExponential(1);
  const passes = Object.keys({ ...beyond, ...failed }).length === 0;
  said(passes, `${count} kernels in ${cases} cases, value and gradients: worst error ${largest}`);
};

/** A step on one device, and on several. */
const checkSteps = async (device: Device, which: Case): Promise<void> => {
  const [first, ...others] = SPREADS;
  const eager = await trained(which, first);
  const one = await trained(which, first, device);
  const floor = Math.max(LEAST_FLOOR, distance(one, eager));
  said(floor < 2e-5, `${which.name}, 1 device: floor ${floor.toExponential(1)}`);
  for (const spread of others) {
    const [devices, rounds] = spread;
    const error = distance(await trained(which, spread, device), one);
    const where = `${devices} devices, ${rounds} round${rounds > 1 ? 's' : ''}`;
    const floors = (error / floor).toFixed(1);
    said(error <= 10 * floor, `${which.name}, ${where}: ${error.toExponential(1)}, ${floors} floors`);
  }
};

const main = async (): Promise<void> => {
  const { values } = parseArgs({ options: { 'where-possible': { type: 'boolean', default: false } } });
  const python = jaxPython();
  if (python === undefined) {
    console.error(
      'NOT RUN: no jax could be installed (it needs the network), so jaxlib checked no kernel and no step.',
    );
    process.exitCode = values['where-possible'] ? 0 : 1;
    return;
  }
  const started = performance.now();
  await selectBackend({ backend: 'wasm' });
  const { device, version, close } = await openJaxDevice(python);
  console.log(`jax ${version}, ${device.name}; floor: one device's distance from TensorFlow.js`);
  await checkKernels(device);
  for (const which of CASES) await checkSteps(device, which);
  console.log(`${((performance.now() - started) / 1000).toFixed(0)} s`);
  close();
};

void main();
