import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { uniform } from '../../src/compute/noise';
import { pixelFeatures } from '../../src/features';
import { expectComparable } from '../../src/metrics';
import { CIFAR10_RUN, type Cifar10Run, cifar10Small, runCifar10 } from '../../src/studies';
import { withFolder } from '../training/runs';

const RECORD = 3073;

/** A folder as CIFAR-10's binary version, of noise: 40 training and 40 test images. */
const writeCifar10 = async (folder: string): Promise<void> => {
  await mkdir(folder, { recursive: true });
  for (const [sample, name] of ['data_batch_1.bin', 'test_batch.bin'].entries()) {
    const bytes = Uint8Array.from(uniform({ seed: 4, stream: 'cifar', sample }, 40 * RECORD), u => Math.floor(256 * u));
    for (let i = 0; i < 40; i++) bytes[i * RECORD] = i % 10;
    await writeFile(join(folder, name), bytes);
  }
};

const TINY: Cifar10Run = {
  ...CIFAR10_RUN,
  network: { ...CIFAR10_RUN.network, modelChannels: 8, channelMult: [1, 1], attention: [] },
  teacherImages: 16,
  teacher: { batch: 8, learningRate: 1e-3, beta1: 0.9, engine: 'eager' },
  run: { batch: 8, learningRate: 1e-4, engine: 'eager' },
  evaluateAt: [8, 16],
  steps: [1, 2],
  evaluations: [3],
  metrics: ['fd'],
  n: 10,
  blocks: 2,
};

/** Results without what made them, which has the clock. */
const numbers = (results: unknown): unknown =>
  JSON.parse(JSON.stringify(results, (key, value: unknown) => (key === 'madeBy' ? undefined : value)));

describe("CIFAR-10's run", () => {
  test('goes from data to measured generator; stopped anywhere, it goes on to the same numbers', () =>
    withFolder(async dir => {
      await selectBackend({ backend: 'wasm' });
      await writeCifar10(join(dir, 'data'));
      const [train, data] = [
        await cifar10Small(join(dir, 'data'), 'train'),
        await cifar10Small(join(dir, 'data'), 'test'),
      ];
      const before = tf.memory().numTensors;
      const input = { train, test: data, extractor: pixelFeatures({ side: 2 }), options: TINY };
      let used = 0;
      const whole = await runCifar10({ ...input, dir: join(dir, 'whole') }, models => {
        used = Object.keys(models.generator.parameters).length;
        return Promise.resolve();
      });
      assert.ok(used > 0);
      assert.equal(tf.memory().numTensors, before);
      assert.deepEqual(
        whole.points.map(({ series, steps, images }) => [series, steps, images]),
        [
          ['CoSIM', 1, 16],
          ['CoSIM', 2, 16],
          ['teacher', 3, 16],
        ],
      );
      assert.deepEqual(whole.curve.map(({ steps, images }) => [steps, images]), [[1, 8], [2, 8], [1, 16], [2, 16]]); // prettier-ignore
      assert.equal(whole.teacherHistory.length, 2);
      assert.equal(whole.history.length, 2);
      expectComparable(whole.points.map(({ results }) => results[0]));
      for (const { results } of whole.points) {
        assert.equal(results[0].blocks.length, 2);
        assert.ok(results[0].value > 0 && results[0].floor! > 0);
      }

      // stopped in the teacher's training, in CoSIM's, and while it is measured
      const parts = join(dir, 'parts');
      for (const at of ['teacher', 'CoSIM', 'measure']) {
        const stop = new AbortController();
        const end = (what: string): void => {
          if (what === at) stop.abort(new Error(`stopped in ${at}`));
        };
        const stopped = runCifar10({
          ...input,
          dir: parts,
          signal: stop.signal,
          onStep: stage => end(stage),
          onMeasure: what => end(what.includes('teacher') ? 'measure' : ''),
        });
        await assert.rejects(stopped, new RegExp(`stopped in ${at}`));
      }
      const resumed = await runCifar10({ ...input, dir: parts });
      assert.deepEqual(numbers(resumed.points), numbers(whole.points));
      assert.deepEqual(numbers(resumed.curve), numbers(whole.curve));
      assert.equal((await readdir(join(parts, 'teacher'))).includes('00000002'), true);
      await train.close?.();
      await data.close?.();
    }));

  test('its preset is whole: batches divide what is trained on, and every block of real images exists', () => {
    const { teacherImages, teacher, run, evaluateAt, n, blocks, evaluations } = CIFAR10_RUN;
    assert.equal(teacherImages % teacher.batch!, 0);
    for (const images of evaluateAt) assert.equal(images % run.batch!, 0);
    assert.ok(n * blocks <= 10_000);
    for (const nfe of evaluations) assert.equal(nfe % 2, 1); // NFE of Heun is 2 levels - 1
  });
});
