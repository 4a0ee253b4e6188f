import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { Device } from '../../src/compute/xla/device';
import { useDevice } from '../../src/compute/xla/shared-device';
import { freshParameters } from '../../src/networks';
import { type DistillEstimate, estimateDistillation, stateBytes } from '../../src/runs';
import { testDevice } from '../compute/xla/pjrt/cpu-plugin';
import { tinyMlp, tinyPoints } from '../tiny';

describe("what a distillation takes of an accelerator's memory", () => {
  const cpu = testDevice();
  const denoiser = tinyMlp();
  afterEach(() => {
    useDevice(undefined);
  });

  /** @param peaks what the device says after each measurement; it cannot be asked without them */
  const estimated = async (round: number, peaks?: number[]): Promise<DistillEstimate & { state: number }> => {
    const { name, compile, upload } = cpu.device;
    const left = [...(peaks ?? [])];
    let peak = 0;
    const memory: Device['memory'] = () => ({ inUse: 0, peak: (peak = left.shift() ?? peak), limit: 8e6 });
    useDevice({ name, compile, upload, count: 1, accelerates: true, ...(peaks && { memory }) });
    const given = {
      teacher: { denoiser, parameters: freshParameters(denoiser, 0) },
      dataset: tinyPoints,
      run: { batch: 2 * round, accumulationRounds: 2, workers: 1, engine: 'xla' as const },
      images: 64,
    };
    try {
      return { ...(await estimateDistillation(given)), state: stateBytes(given) };
    } finally {
      tf.dispose(given.teacher.parameters);
    }
  };

  test('it is what the device held at the samples of a round, and what it has', async () => {
    const { measured, engine, deviceMemory } = await estimated(4, [3e6, 5e6]);
    assert.equal(engine.engine, 'xla');
    assert.deepEqual(
      measured.map(({ samples, deviceBytes }) => [samples, deviceBytes]),
      [
        [1, 3e6],
        [4, 5e6],
      ],
    );
    assert.deepEqual(deviceMemory, { bytes: 5e6, limit: 8e6 });
  });

  test('one measurement is enough where a round is one sample', async () => {
    const { deviceMemory, state } = await estimated(1, [3e6]);
    assert.ok(state < 3e6);
    assert.deepEqual(deviceMemory, { bytes: 3e6, limit: 8e6 });
  });

  test('a device that does not say leaves it out', async () => {
    for (const peaks of [undefined, [0, 0]]) {
      const { measured, deviceMemory } = await estimated(2, peaks);
      assert.equal(deviceMemory, undefined);
      assert.ok(measured.length === 2 && measured.every(step => !('deviceBytes' in step)));
    }
  });
});
