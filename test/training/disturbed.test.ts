import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { cp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { CheckpointError } from '../../src/checkpoints';
import { dismissWorkers } from '../../src/compute/onnx';
import type { Dataset } from '../../src/datasets';
import { freshParameters } from '../../src/networks';
import { distill, Run } from '../../src/training';
import { testDevice } from '../compute/xla/pjrt/cpu-plugin';
import { withFolder } from '../temporary-folder';
import { tinyImageNet, tinyImages, tinyMlp, tinyPoints } from '../tiny';
import { snapshot, startRun } from './runs';

testDevice({ shared: true }); // for xla
after(dismissWorkers);

/** The message of what is thrown; what is not is a failure. */
const refusal = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => assert.fail('accepted'),
    (error: Error) => error.message,
  );

for (const engine of ['eager', 'onnx', 'xla'] as const)
  describe(`a run on the ${engine} engine that is disturbed while it trains`, () => {
    const start = (): Run => startRun(tinyMlp(), tinyPoints, { engine, workers: 1 });
    const whole = async (images: number): Promise<object> => {
      const run = start();
      await run.train({ images });
      const seen = await snapshot(run);
      run.dispose();
      return seen;
    };

    test('is saved between two steps: every checkpoint goes on to the same bits', () =>
      withFolder(async dir => {
        const images = 120;
        const run = start();
        const copies: string[] = [];
        let training = true;
        const trained = run.train({ images }).finally(() => (training = false));
        while (training) {
          const path = await run.save(join(dir, 'run'));
          if (copies.length === 12 || !training) break;
          const copy = join(dir, `copy-${copies.length}`);
          await cp(path, join(copy, path.split('/').at(-1)!), { recursive: true });
          copies.push(copy);
        }
        await trained;
        const expected = await whole(images);
        assert.deepEqual(await snapshot(run), expected);
        run.dispose();
        assert.ok(copies.length > 1);
        for (const copy of copies) {
          const again = await Run.load(copy, { dataset: tinyPoints });
          assert.equal(again.history.length, again.step);
          await again.train({ images });
          assert.deepEqual(await snapshot(again), expected);
          again.dispose();
        }
      }));

    test('samples are of whole steps and change nothing; found times are kept', async () => {
      const run = start();
      const trained = run.train({ images: 40 });
      const samples = await Promise.all([1, 2, 4].map(steps => run.sample({ seeds: [0, 1], steps })));
      for (const { data } of samples) assert.ok(data.every(Number.isFinite));
      run.setTimes([80, 1.4]);
      await trained;
      assert.deepEqual(await snapshot(run), await whole(40));
      assert.deepEqual(run.times[2], [80, 1.4]);
      run.dispose();
    });

    test('is not trained twice at once: the second call is refused by name, and the first goes on', async () => {
      const run = start();
      const first = run.train({ images: 40, onStep: async () => void (await refusal(run.train({ images: 80 }))) });
      assert.match(await refusal(run.train({ images: 40 })), /^train: this run is training already/);
      assert.equal(await first, 'done');
      assert.deepEqual(await snapshot(run), await whole(40));
      assert.equal(await run.train({ images: 44 }), 'done');
      run.dispose();
    });

    test('is disposed after the step: training ends with a named error and nothing stays', async () => {
      await whole(4); // sessions and kernels are there
      const tensors = tf.memory().numTensors;
      for (const when of ['at once', 'in a step', 'in onStep']) {
        const run = start();
        const onStep = (): void => {
          if (when === 'in onStep') run.dispose();
          if (when === 'in a step') setImmediate(() => setImmediate(() => run.dispose()));
        };
        const trained = refusal(run.train({ images: 4000, onStep }));
        if (when === 'at once') run.dispose();
        assert.match(await trained, /this run has been disposed/, when);
        assert.match(await refusal(run.save('nowhere')), /has been disposed/);
        assert.throws(() => run.setTimes([80]), /has been disposed/);
        assert.throws(() => run.parameters('ema'), /has been disposed/);
        assert.equal(tf.memory().numTensors, tensors, when);
      }
      assert.ok(!existsSync('nowhere'));
    });

    test('parameters are refused in the middle of a step, and there after it', async () => {
      let inside: unknown;
      const run: Run = startRun(
        tinyMlp(),
        {
          ...tinyPoints,
          batch: indices => {
            try {
              run.parameters('phi');
            } catch (error) {
              inside = error;
            }
            return tinyPoints.batch(indices);
          },
        },
        { engine, workers: 1 },
      );
      await run.train({ images: 4, onStep: () => void assert.ok(run.parameters('ema')) });
      assert.match(String(inside), /^ArgumentError: parameters: a step is being computed/);
      run.dispose();
    });

    test('a step that fails leaves no tensors, and the run goes on when what failed is mended', async () => {
      let broken = true;
      const before = tf.memory().numTensors;
      const run = startRun(
        tinyMlp(),
        {
          ...tinyPoints,
          batch: indices =>
            broken && indices[0] % 4 === 2 ? Promise.reject(new Error('disk gone')) : tinyPoints.batch(indices),
        },
        { engine, workers: 1, accumulationRounds: 2 },
      );
      const tensors = tf.memory().numTensors;
      assert.equal(await refusal(run.train({ images: 8 })), 'disk gone');
      assert.equal(tf.memory().numTensors, engine === 'eager' ? tensors : before);
      broken = false;
      assert.equal(await run.train({ images: 8 }), 'done');
      run.dispose();
    });

    test('goes on to the same bits after an error between two updates of a step, and is saved in whole steps only', () =>
      withFolder(async dir => {
        let failures = 0;
        const failing: Dataset = {
          ...tinyPoints,
          batch: indices =>
            indices[0] === 12 && failures++ < 1 // phi's of step 2
              ? Promise.reject(new Error('disk gone'))
              : tinyPoints.batch(indices),
        };
        const run = startRun(tinyMlp(), failing, { engine, workers: 1 });
        assert.equal(await refusal(run.train({ images: 16 })), 'disk gone');
        if (engine === 'onnx') assert.match(await run.save(dir), /00000001$/);
        else assert.match(await refusal(run.save(dir)), /^save: step 2 failed after 1 of its updates/);
        await run.train({ images: 16, dir });
        assert.deepEqual(await snapshot(run), await whole(16));
        run.dispose();
      }));
  });

describe('a folder that is deleted while a run trains in it', () => {
  test('ends the training with a named error; the last step is saved there again', () =>
    withFolder(async base => {
      const dir = join(base, 'run');
      const run = startRun(tinyMlp(), tinyPoints);
      const message = await refusal(
        run.train({
          images: 40,
          dir,
          saveEvery: 8,
          onStep: ({ step }) => (step === 5 ? rm(dir, { recursive: true }) : undefined),
        }),
      );
      assert.match(
        message,
        /was deleted while the run trained: what was in it is gone, step 6 is saved in \S+00000006$/,
      );
      const again = await Run.load(dir, { dataset: tinyPoints });
      assert.equal(again.step, 6);
      assert.deepEqual(await readdir(dir), ['00000006']);
    }));

  test('and taken by another run is left to that one', () =>
    withFolder(async base => {
      const dir = join(base, 'run');
      const [run, other] = [startRun(tinyMlp(), tinyPoints), startRun(tinyMlp(), tinyPoints)];
      let others: Promise<unknown> | undefined;
      const onStep = async ({ step }: { step: number }): Promise<void> => {
        if (step !== 2) return;
        await rm(dir, { recursive: true });
        others = other.train({ images: 400, dir });
        while (!existsSync(join(dir, '.lock'))) await new Promise(resolve => setTimeout(resolve, 1));
      };
      await assert.rejects(run.train({ images: 12, dir, onStep }), (error: CheckpointError) => {
        assert.match(error.message, /taken by another process while the run trained/);
        return error.code === 'vanished';
      });
      await others;
      assert.deepEqual(await readdir(dir), ['00000100']);
    }));
});

describe('numbers that training would come to nothing with are refused by name', () => {
  const bad = (change: (x: Float32Array, labels: Int32Array) => void): Dataset => ({
    ...tinyImages,
    batch: async indices => {
      const { x, labels } = await tinyImages.batch(indices);
      const own = { x: Float32Array.from(x), labels: labels.slice() };
      change(own.x, own.labels);
      return own;
    },
  });
  const cases: [name: string, dataset: Dataset, message: RegExp][] = [
    ['NaN in the data', bad(x => (x[70] = NaN)), /^DatasetError: noise: sample \d+ holds NaN, which is no finite number/],
    ['infinity in the data', bad(x => (x[0] = -Infinity)), /holds -Infinity/],
    ['a label of -1', bad((_, labels) => (labels[1] = -1)), /sample \d+ has the label -1, and there are 3 classes/],
    ['a label that is the number of classes', bad((_, labels) => (labels[0] = 3)), /has the label 3/],
    ['labels that are no numbers', { ...tinyImages, batch: async i => ({ ...(await tinyImages.batch(i)), labels: [NaN, 0] as never }) }, /has the label NaN/],
    ['too few labels', { ...tinyImages, batch: async i => ({ ...(await tinyImages.batch(i)), labels: new Int32Array(1) }) }, /a batch of 2 samples has 1 labels/],
    ['too few numbers', { ...tinyImages, batch: async i => ({ ...(await tinyImages.batch(i)), x: new Float32Array(7) }) }, /holds 7 numbers, not 128/],
  ]; // prettier-ignore
  for (const [name, dataset, message] of cases)
    test(name, async () => {
      const run = startRun(tinyImageNet(), dataset, { batch: 2 });
      await assert.rejects(run.train({ images: 4 }), error => message.test(String(error)));
      assert.equal(run.step, 0);
      run.dispose();
    });

  test("NaN in a teacher's weights, with the tensor's name", async () => {
    for (const engine of ['eager', 'onnx'] as const) {
      const denoiser = tinyMlp();
      const parameters = freshParameters(denoiser, 0);
      const name = 'model.in.weight';
      parameters[name] = tf.fill(parameters[name].shape, NaN);
      const run = distill({ teacher: { denoiser, parameters }, dataset: tinyPoints, run: { batch: 4, engine } });
      assert.match(
        await refusal(run.train({ images: 4 })),
        /values of 'theta\/model\.in\.weight' must be finite, got NaN/,
      );
      run.dispose();
    }
  });

  test('saveEvery that is no number of images, and a batch that is larger than the data', async () => {
    await withFolder(async dir => {
      const run = startRun(tinyMlp(), tinyPoints);
      for (const saveEvery of [0, -5, NaN, 'x' as never, null as never])
        assert.match(
          await refusal(run.train({ images: 4, dir, saveEvery })),
          /^train: saveEvery must be a finite number/,
        );
      assert.deepEqual([run.step, await readdir(dir)], [0, []]);
      run.dispose();
    });
    assert.throws(
      () => startRun(tinyMlp(), { ...tinyPoints, length: 3 }),
      /run: batch must be at most the 3 samples of 'noise', got 4/,
    );
  });
});
