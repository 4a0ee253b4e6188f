import assert from 'node:assert/strict';
import { test } from 'node:test';
import { selectBackend } from '../../src/compute/backend';
import type { Device } from '../../src/compute/xla/device';
import { alive } from '../../src/compute/xla/pjrt';
import { useDevice } from '../../src/compute/xla/shared-device';
import {
  postHocParameters,
  powerAverages,
  powerEmaBeta,
  powerProfile,
  type PowerSnapshot,
  pretrain,
} from '../../src/training';
import { assertAllClose } from '../close';
import { openCpuDevice } from '../compute/xla/pjrt/cpu-plugin';
import { tinyMlp, tinyPoints } from '../tiny';

const batch = 4;
const steps = 60;
const name = 'model.layer0.weight';

/** A run with averages beside it: snapshots every 10 steps, and every step's own parameters. */
const trained = async (stds: readonly number[]) => {
  await selectBackend({ backend: 'wasm' });
  const run = pretrain({
    denoiser: tinyMlp(),
    dataset: tinyPoints,
    run: { batch, learningRate: 1e-2, engine: 'eager' },
  });
  const averages = powerAverages(run, { stds });
  const path: Record<string, ArrayLike<number>>[] = [];
  const snapshots: PowerSnapshot[] = [];
  await run.train({
    images: steps * batch,
    onStep: async ({ step }) => {
      await averages.update();
      const now = Object.entries(run.parameters('phi')).map(
        async ([key, t]) => [key, await t.data<'float32'>()] as const,
      );
      path.push(Object.fromEntries(await Promise.all(now)));
      if (step % 10 === 0) snapshots.push(...(await averages.snapshot()));
    },
  });
  return { run, path, snapshots };
};

test('a snapshot is the sum of all steps by the profile of its width', async () => {
  const std = 0.15;
  const { run, path, snapshots } = await trained([std]);
  const last = snapshots[snapshots.length - 1];
  assert.deepEqual([last.std, last.images, snapshots.length], [std, steps * batch, 6]);
  const profile = powerProfile(steps, std, steps + 1).slice(1); // t^gamma of step t = 1, 2, ...
  for (const key of Object.keys(path[0])) {
    const expected = Array.from(path[0][key], (_, i) => path.reduce((sum, at, t) => sum + profile[t] * at[key][i], 0));
    assertAllClose(last.parameters[key], expected, 2e-3, key); // the profile is of continuous time
  }
  run.dispose();
});

test('a width that was not stored, made of two that were, is the average of that width', async () => {
  const wanted = 0.075;
  const { run, snapshots } = await trained([0.05, wanted, 0.1]);
  const stored = snapshots.filter(({ std }) => std !== wanted);
  const direct = snapshots[snapshots.length - 2];
  assert.equal(direct.std, wanted);
  const made = postHocParameters(stored, { std: wanted, images: steps * batch }, run.parameters('phi'));
  let [difference, size, apart] = [0, 0, 0];
  for (const [key, tensor] of Object.entries(made)) {
    const values = await tensor.data();
    direct.parameters[key].forEach((v, i) => {
      difference += (values[i] - v) ** 2;
      size += v ** 2;
      apart += (stored[stored.length - 1].parameters[key][i] - v) ** 2; // the stored 0.1
    });
    tensor.dispose();
  }
  assert.ok(Math.sqrt(difference / size) < 2e-3 && difference < 0.05 * apart, `${difference}, ${apart}, ${size}`);
  assert.throws(
    () => postHocParameters(stored, { std: wanted, images: 8 }, { [`${name}x`]: { shape: [1] } }),
    /snapshots'/,
  );
  run.dispose();
});

/** A device that tells how many numbers are read from it at once. */
const watched = (device: Device, read: number[]): Device => ({
  ...device,
  compile: async module => {
    const program = await device.compile(module);
    const run: typeof program.run = async inputs => {
      const results = await program.run(inputs);
      for (const array of results.flat()) {
        const original = array.read.bind(array);
        array.read = into => {
          read.push(into.length);
          return original(into);
        };
      }
      return results;
    };
    return { ...program, run };
  },
});

test('on a device the averages stay there: a step brings metrics to the host, no parameters', async () => {
  const stds = [0.05, 0.1];
  const before = { ...alive };
  const device = await openCpuDevice();
  const read: number[] = [];
  useDevice(watched(device, read));
  await selectBackend({ backend: 'wasm' });
  const run = pretrain({ denoiser: tinyMlp(), dataset: tinyPoints, run: { batch, learningRate: 1e-2, engine: 'xla' } });
  const averages = powerAverages(run, { stds });
  const expected: Record<string, number[]>[] = stds.map(() => ({}));
  const size = Object.values(run.parameters('phi')).reduce((sum, t) => sum + t.size, 0);
  let taken = 0; // downloads of all parameters by the averages
  await run.train({
    images: 5 * batch,
    onStep: async ({ step }) => {
      const before = read.length;
      await averages.update();
      taken += read.slice(before).filter(n => n === size).length;
      for (const [key, t] of Object.entries(run.parameters('phi'))) {
        const now = await t.data();
        for (const [k, std] of stds.entries()) {
          const beta = powerEmaBeta(std, step * batch, batch);
          const average = expected[k][key] ?? Array.from(now);
          expected[k][key] = average.map((value, i) => now[i] + beta * (value - now[i]));
        }
      }
    },
  });
  assert.equal(taken, 0);
  for (const [k, { images, parameters }] of (await averages.snapshot()).entries()) {
    assert.equal(images, 5 * batch);
    assert.deepEqual(Object.keys(parameters), Object.keys(expected[k]));
    for (const [key, values] of Object.entries(parameters)) assertAllClose(values, expected[k][key], 1e-6, key);
  }
  run.dispose();
  useDevice(undefined);
  device.dispose();
  assert.deepEqual(alive, before);
});

test('a width that no profile has is refused before anything is computed', async () => {
  await selectBackend({ backend: 'wasm' });
  const run = pretrain({ denoiser: tinyMlp(), dataset: tinyPoints, run: { batch } });
  assert.throws(() => powerAverages(run, { stds: [0.3] }), /std must be a finite number above 0 and at most 0.28/);
  run.dispose();
});
