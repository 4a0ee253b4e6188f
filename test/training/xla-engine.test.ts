import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { dismissWorkers } from '../../src/compute/onnx';
import { alive, type PjrtDevice } from '../../src/compute/xla/pjrt';
import { useDevice } from '../../src/compute/xla/shared-device';
import type { Device } from '../../src/compute/xla/device';
import type { Dataset } from '../../src/datasets';
import { denoising } from '../../src/methods';
import { type Denoiser, freshParameters, withEngine } from '../../src/networks';
import { sampleMultistep } from '../../src/samplers';
import { Run, RUN_DEFAULTS, type RunOptions } from '../../src/training';
import { initialState } from '../../src/training/step';
import { XlaEngine } from '../../src/training/xla-engine';
import { openCpuDevice } from '../compute/xla/pjrt/cpu-plugin';
import { withFolder } from '../temporary-folder';
import { tinyEdm2, tinyImageNet, tinyImages, tinyMlp, tinyPoints } from '../tiny';
import { snapshot, startRun } from './runs';

/** Networks of many operations take XLA seconds to compile: they are split in one way only. */
const CASES: {
  name: string;
  denoiser: () => Denoiser;
  dataset: Dataset;
  split: [devices: number, rounds: number][];
}[] = [
  {
    name: 'an MLP',
    denoiser: tinyMlp,
    dataset: tinyPoints,
    split: [
      [1, 1],
      [2, 1],
      [4, 1],
      [2, 2],
    ],
  },
  { name: 'a conditional DDPM++ with dropout', denoiser: tinyImageNet, dataset: tinyImages, split: [[2, 1]] },
  { name: 'an EDM2 network with forced weights', denoiser: tinyEdm2, dataset: tinyImages, split: [[1, 2]] },
];

const BATCH = 8;

const numbers = (value: unknown): number[] =>
  typeof value === 'number'
    ? [value]
    : Object.values((value ?? {}) as Record<string, unknown>).flatMap(part => numbers(part));

/** Largest difference of two snapshots, relative to 1 or the value. */
const distance = async (a: Run, b: Run): Promise<number> => {
  const [x, y] = [numbers(await snapshot(a)), numbers(await snapshot(b))];
  assert.equal(x.length, y.length);
  return x.reduce((worst, value, i) => Math.max(worst, Math.abs(value - y[i]) / Math.max(1, Math.abs(y[i]))), 0);
};

/** eps makes Adam smooth: without it rounding in a vanishing gradient turns into whole steps. */
const SMOOTH = { batch: BATCH, eps: 1e-3, learningRate: 1e-2 };
const train = async (denoiser: Denoiser, dataset: Dataset, options: Partial<RunOptions>): Promise<Run> => {
  const run = startRun(denoiser, dataset, { ...SMOOTH, ...options });
  await run.train({ images: 3 * BATCH });
  return run;
};

let device: PjrtDevice;
before(async () => {
  await selectBackend({ backend: 'wasm' });
  device = await openCpuDevice();
  useDevice(device);
});
after(async () => {
  useDevice(undefined);
  device.dispose();
  await dismissWorkers();
});

for (const { name, denoiser, dataset, split } of CASES)
  describe(`the XLA engine on ${name}`, () => {
    test(`gives the numbers of the eager engine on ${split.map(([n]) => n).join(', ')} devices, with and without accumulation`, async t => {
      const eager = await train(denoiser(), dataset, { engine: 'eager' });
      for (const [devices, rounds] of split) {
        const run = await train(denoiser(), dataset, { engine: 'xla', devices, accumulationRounds: rounds });
        assert.deepEqual([run.engineReport.engine, run.engineReport.workers], ['xla', devices]);
        const error = await distance(run, eager);
        t.diagnostic(`${devices} devices, ${rounds} rounds: ${error.toExponential(1)}`);
        assert.ok(error < 2e-5, `${devices} devices, ${rounds} rounds: ${error}`);
        run.dispose();
      }
      eager.dispose();
    });
  });

describe('a run on the XLA engine', () => {
  test('goes on bit for bit after saving and loading, with the moments of beta1 > 0 too', async () => {
    const options = { engine: 'xla', beta1: 0.9 } as const;
    const whole = await train(tinyMlp(), tinyPoints, options);
    await withFolder(async dir => {
      const first = startRun(tinyMlp(), tinyPoints, { ...SMOOTH, ...options });
      await first.train({ images: BATCH, dir });
      first.dispose();
      const second = await Run.load(dir, { dataset: tinyPoints });
      await second.train({ images: 3 * BATCH, dir });
      assert.deepEqual(await snapshot(second), await snapshot(whole));
      await whole.save(join(dir, 'whole'));
      const [a, b] = await Promise.all(
        [dir, join(dir, 'whole')].map(d => readFile(join(d, '00000003', 'state.safetensors'))),
      );
      assert.ok(a.equals(b), 'states');
      second.dispose();
    });
    whole.dispose();
  });

  test('that was saved goes on on another engine and comes back, equal to rounding', async () => {
    const eager = await train(tinyMlp(), tinyPoints, { engine: 'eager' });
    await withFolder(async dir => {
      for (const [i, engine] of (['xla', 'onnx', 'xla'] as const).entries()) {
        const run = i === 0 ? startRun(tinyMlp(), tinyPoints, SMOOTH) : await Run.load(dir, { dataset: tinyPoints });
        Object.assign(run.options, { engine });
        await run.train({ images: (i + 1) * BATCH, dir });
        assert.equal(run.engineReport.engine, engine);
        if (i === 2) assert.ok((await distance(run, eager)) < 2e-5);
        run.dispose();
      }
    });
    eager.dispose();
  });

  test('says how long compilation takes, and frees everything where one of its programs cannot be compiled', async () => {
    const before = { ...alive };
    let compiled = 0;
    useDevice({
      ...device,
      compile: async module => {
        if (compiled++ === 1) throw new Error('no room for the second program');
        await new Promise(resolve => setTimeout(resolve, 1200));
        return device.compile(module);
      },
    });
    const told: number[] = [];
    const run = startRun(tinyMlp(), tinyPoints, { ...SMOOTH, engine: 'xla' });
    const training = run.train({ images: BATCH, onCompile: seconds => told.push(seconds) });
    await assert.rejects(training, /no room for the second program/);
    assert.ok(told.length > 0 && told.every(seconds => seconds >= 1), `told ${told.join()}`);
    run.dispose();
    assert.deepEqual(alive, before);
    useDevice(device);
  });

  test('holds its memory on the device, and dispose frees all of it and all tensors', async () => {
    const [outside, before] = [tf.memory().numTensors, { ...alive }];
    const run = startRun(tinyMlp(), tinyPoints, { ...SMOOTH, engine: 'xla', accumulationRounds: 2 });
    await run.train({ images: 2 * BATCH });
    const held = { ...alive };
    await run.train({ images: 40 * BATCH });
    assert.deepEqual(alive, held);
    run.dispose();
    assert.deepEqual(alive, before);
    assert.equal(tf.memory().numTensors, outside);
  });
});

test('what is still being drawn when the engine is disposed of is not uploaded', async () => {
  const before = { ...alive };
  const [method, options] = [denoising(tinyMlp()), { ...RUN_DEFAULTS, batch: BATCH }];
  const state = initialState({ phi: freshParameters(tinyMlp(), 0) }, ['phi'], options);
  const on = { devices: 1, precision: 'float32', reason: 'of the test' } as const;
  const engine = await XlaEngine.create(device, method, options, state, on);
  engine.dispose();
  const large = { data: new Float32Array(BATCH * 64), shape: [BATCH, 64] };
  engine.given.onAhead!({ x0: large }, { seed: 0, step: 0, batch: BATCH, first: 0, count: BATCH });
  await new Promise(resolve => setImmediate(resolve));
  assert.deepEqual(alive, before);
  tf.dispose(state);
});

describe('a device without room for an upload', () => {
  /** The device, with room for `left` more uploads. */
  const narrow = (): { device: Device; room: { left: number } } => {
    const room = { left: Infinity };
    const upload: Device['upload'] = (...given) =>
      room.left-- > 0 ? device.upload(...given) : Promise.reject(new Error('no room'));
    return { device: { ...device, upload }, room };
  };
  after(() => useDevice(device));

  test('fails a round of a step and keeps nothing of it; the same call then goes on to the same numbers', async () => {
    const eager = await train(tinyMlp(), tinyPoints, { engine: 'eager' });
    const before = { ...alive };
    const { device: tight, room } = narrow();
    useDevice(tight);
    const options = { ...SMOOTH, engine: 'xla', devices: 2, accumulationRounds: 2 } as const;
    const run = startRun(tinyMlp(), tinyPoints, options);
    await run.train({ images: BATCH });
    for (const left of [0, 1, 2, 3]) {
      room.left = left;
      await assert.rejects(run.train({ images: 3 * BATCH }), /no room/);
    }
    room.left = Infinity;
    await run.train({ images: 3 * BATCH });
    assert.ok((await distance(run, eager)) < 1e-5);
    run.dispose();
    eager.dispose();
    assert.deepEqual(alive, before);
  });

  test('refuses parameters, state and data set, and keeps nothing of them', async () => {
    const before = { ...alive };
    const { device: tight, room } = narrow();
    useDevice(tight);
    const denoiser = tinyMlp();
    const parameters = freshParameters(denoiser, 0);
    const input = { denoiser, parameters, seeds: [1, 2, 3], times: [80, 1], engine: 'xla' } as const;
    for (const left of [0, 1, 5]) {
      room.left = left;
      await assert.rejects(sampleMultistep(input), /no room/);
      room.left = left;
      await assert.rejects(
        withEngine('xla', { denoiser, parameters }, () => Promise.resolve()),
        /no room/,
      );
      room.left = left;
      const run = startRun(denoiser, tinyPoints, { ...SMOOTH, engine: 'xla', devices: 2 });
      await assert.rejects(run.train({ images: BATCH }), /no room/);
      run.dispose();
    }
    tf.dispose(parameters);
    assert.deepEqual(alive, before);
  });
});
