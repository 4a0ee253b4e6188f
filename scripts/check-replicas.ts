/*
 * npm run check:replicas: steps of several devices, compiled and run by jaxlib on virtual devices of the processor, beside
 * the step of one device and TensorFlow.js' own. jaxlib is fetched from PyPI into node_modules/.cache, or is that of the
 * Python that COSIM_JAX_PYTHON names.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
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
import { prepared, steps } from './check-gpu/training-case';
import { openJaxDevice } from './check-replicas/jax-device';
import { root } from './project';

const VERSION = '0.10.2';

/** A Python with jax; undefined where none can be had, and pip has said why. */
const jaxPython = (): string | undefined => {
  const named = process.env.COSIM_JAX_PYTHON;
  if (named !== undefined) return named;
  const folder = join(root, 'node_modules', '.cache', 'cosim', `jax-${VERSION}`);
  const python = join(folder, 'bin', 'python');
  const run = (command: string, args: string[]): boolean =>
    spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
  const has = (): boolean => existsSync(python) && run(python, ['-c', 'import jax']);
  if (has()) return python;
  const made = run('python3', ['-m', 'venv', folder]) && run(python, ['-m', 'pip', 'install', '-q', `jax==${VERSION}`]);
  return made && has() ? python : undefined;
};

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

const main = async (): Promise<void> => {
  const python = jaxPython();
  if (python === undefined) {
    console.error(
      'NOT RUN: no jax could be installed (it needs the network), so no step of several devices was checked.',
    );
    process.exitCode = 1;
    return;
  }
  await selectBackend({ backend: 'wasm' });
  const { device, version, close } = await openJaxDevice(python);
  console.log(`jax ${version}, ${device.name}; floor: one device's distance from TensorFlow.js`);
  for (const which of CASES) {
    const eager = await trained(which, [1, 1]);
    let one: Float32Array | undefined;
    let floor = LEAST_FLOOR;
    for (const spread of SPREADS) {
      const found = await trained(which, spread, device);
      const [devices, rounds] = spread;
      if (one) {
        const error = distance(found, one);
        const passes = error <= 10 * floor;
        if (!passes) process.exitCode = 1;
        const where = `${devices} devices, ${rounds} round${rounds > 1 ? 's' : ''}`;
        console.log(
          `${passes ? 'ok  ' : 'FAIL'} ${which.name}, ${where}: ${error.toExponential(1)}, ${(error / floor).toFixed(1)} floors`,
        );
      } else {
        one = found;
        floor = Math.max(LEAST_FLOOR, distance(found, eager));
        const passes = floor < 2e-5;
        if (!passes) process.exitCode = 1;
        console.log(`${passes ? 'ok  ' : 'FAIL'} ${which.name}, 1 device: floor ${floor.toExponential(1)}`);
      }
    }
  }
  close();
};

void main();
