import * as tf from '@tensorflow/tfjs-core';
import { type BackendName, selectBackend } from '../../../src/compute/backend';
import type { TensorFunction } from '../../../src/compute/graph/trace';
import { traceTwice } from '../../../src/compute/graph';
import { compile, type Compiled } from '../../../src/compute/onnx/compile';
import { lower } from '../../../src/compute/onnx/lower';
import { probeBlock, targetFor } from '../../../src/compute/onnx/probe';
import { type Arrays, feed, openSession } from '../../../src/compute/onnx/session';
import type { Tensors } from '../../../src/compute/tensors';
import { moduleOf } from '../../../src/compute/xla/emit';
import type { PjrtDevice } from '../../../src/compute/xla/pjrt';
import { openCpuDevice } from '../xla/pjrt/cpu-plugin';
import { runProgram } from '../xla/run-on-device';
import { arraysOf, type Shaped, shapesOf } from './shaped';

/** The lowerings that this processor can run. */
export const testedLowerings = async (): Promise<('blocked' | 'portable')[]> =>
  (await probeBlock()) > 0 ? ['blocked', 'portable'] : ['portable'];

/** What f gives for these inputs when compiled with one of the lowerings. */
export const runCompiled = async (
  f: TensorFunction,
  inputs: Shaped,
  lowering: 'blocked' | 'portable',
): Promise<Arrays> => {
  const compiled: Compiled = await compile(f, { shapes: shapesOf(inputs), lowering });
  const results = await compiled(arraysOf(inputs));
  await compiled.dispose();
  return results;
};

let opening: Promise<PjrtDevice> | undefined;

/** XLA's own compiler for this processor, opened once; it goes with the process. */
const xlaDevice = (): Promise<PjrtDevice> => (opening ??= openCpuDevice());

/** A traced function on one lowering. */
export type Lowered = {
  lowering: string;
  /** All results of one run. */
  run: (arrays: Arrays) => Promise<Arrays>;
  dispose: () => Promise<void>;
};

/** f on ONNX Runtime by each lowering that this processor can run, and as StableHLO on XLA, traced once for all. */
export const openLowered = async (f: TensorFunction, shapes: Record<string, readonly number[]>): Promise<Lowered[]> => {
  const traced = traceTwice(f, shapes);
  const opened: Lowered[] = [];
  for (const lowering of await testedLowerings()) {
    const session = await openSession(lower(traced, await targetFor(lowering)));
    const run = async (arrays: Arrays): Promise<Arrays> => {
      feed(session, arrays);
      await session.run();
      const names = Object.keys(session.signature.outputs);
      return Object.fromEntries(names.map(name => [name, session.output(name).slice()]));
    };
    opened.push({ lowering, run, dispose: () => session.dispose() });
  }
  const device = await xlaDevice();
  const module = moduleOf(traced);
  const program = await device.compile(module);
  opened.push({
    lowering: 'xla',
    run: async arrays => (await runProgram(device, { module, program }, [arrays]))[0],
    dispose: () => {
      program.dispose();
      return Promise.resolve();
    },
  });
  return opened;
};

/** What f gives for these inputs on each lowering. */
export const runLowered = async (
  f: TensorFunction,
  inputs: Shaped,
): Promise<{ lowering: string; results: Arrays }[]> => {
  const runs = [];
  for (const { lowering, run, dispose } of await openLowered(f, shapesOf(inputs))) {
    runs.push({ lowering, results: await run(arraysOf(inputs)) });
    await dispose();
  }
  return runs;
};

/** What f gives for these inputs when run by TensorFlow.js itself. */
export const runEagerly = async (f: TensorFunction, inputs: Shaped, backend: BackendName = 'wasm'): Promise<Arrays> => {
  await selectBackend({ backend });
  const tensors: Tensors = {};
  for (const [name, { shape, data }] of Object.entries(inputs))
    tensors[name] = tf.tensor(Float32Array.from(data), [...shape]);
  const results = tf.tidy(() => f(tensors));
  const arrays: Arrays = {};
  for (const [name, t] of Object.entries(results)) arrays[name] = Float32Array.from(await t.data());
  tf.dispose([tensors, results]);
  return arrays;
};

/** Arrays of tensors, by name. */
export const shapedOf = async (tensors: Tensors): Promise<Shaped> => {
  const entries = Object.entries(tensors).map(
    async ([name, t]) => [name, { shape: t.shape, data: await t.data() }] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
};

/** Results as tensors, by the names behind a prefix. */
export const tensorsOf = (results: Arrays, prefix: string, shapes: Record<string, readonly number[]>): Tensors => {
  const names = Object.keys(results).filter(name => name.startsWith(prefix));
  const plain = names.map(name => [name.slice(prefix.length), results[name]] as const);
  return Object.fromEntries(plain.map(([name, data]) => [name, tf.tensor(data, [...shapes[name]])]));
};
