import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { selectBackend } from '../../src/compute/backend';
import { type CurveConfig, type CurvePoint, generatorAt, trainingCurve } from '../../src/studies';
import { autosave } from '../../src/studies/autosave';
import { tinyTask } from '../tasks/tiny-task';
import { withFolder } from '../temporary-folder';
import { tinyMlp, tinyPoints } from '../tiny';
import { startRun } from '../training/runs';

before(() => selectBackend({ backend: 'wasm' }));

const config: CurveConfig = {
  method: { kind: 'cosim' },
  run: { batch: 4, engine: 'eager' },
  seed: 3,
  evaluateAt: [8, 16],
  steps: [1, 2],
  n: 6,
};

/** Without the clock. */
const numbers = (points: readonly CurvePoint[]): object[] =>
  points.map(({ images, nfe, iterations, value }) => ({ images, nfe, iterations, value }));

describe('the metric along a training', () => {
  test('stopped in the training or in a measurement it goes on to the same numbers, and leaves nothing behind', () =>
    withFolder(async folder => {
      const whole = tinyTask();
      const expected = await trainingCurve(whole, config);
      assert.deepEqual(expected.map(({ images, nfe }) => [images, nfe]), [[8, 1], [8, 2], [16, 1], [16, 2]]); // prettier-ignore

      const task = tinyTask();
      const dir = join(folder, 'curve');
      const stopAt = async (when: (images: number, measured: number) => boolean): Promise<void> => {
        const stop = new AbortController();
        const check = (images: number): void => {
          if (when(images, task.measured.length)) stop.abort(new Error('stop'));
        };
        let images = 0;
        const watched = {
          ...task,
          measure: (...args: Parameters<typeof task.measure>) => {
            check(images);
            args[1].signal?.throwIfAborted();
            return task.measure(...args);
          },
        };
        await assert.rejects(
          trainingCurve(watched, config, { dir, signal: stop.signal, onImages: seen => check((images = seen)) }),
          /stop/,
        );
      };
      await stopAt(images => images === 4);
      assert.ok(existsSync(join(dir, '00000001')));
      await stopAt((images, measured) => images === 8 && measured === 1);
      const { content } = JSON.parse(readFileSync(join(dir, 'curve.json'), 'utf8')) as {
        content: { points: CurvePoint[]; seconds: number };
      };
      const { points, seconds } = content;
      assert.deepEqual([points.length, task.measured.length], [1, 1]);
      assert.ok(seconds > 0 && seconds >= points[0].seconds);
      await stopAt(images => images === 12);
      const curve = await trainingCurve(task, config, { dir });
      assert.deepEqual(numbers(curve), numbers(expected));
      assert.equal(task.measured.length, 4, 'nothing was measured twice');
      assert.ok(curve.every((point, i) => i === 0 || point.seconds >= curve[i - 1].seconds));
      assert.deepEqual(readdirSync(folder), []);
      task.dispose();
      whole.dispose();
    }));

  test('a number of steps without times is refused before anything is trained', async () => {
    const task = tinyTask();
    const message = /steps must be a number of steps with known times \(1, 2, 4, 6\), or `times` given, got 3/;
    await assert.rejects(trainingCurve(task, { ...config, steps: [3] }), message);
    const run = startRun(tinyMlp(), tinyPoints);
    assert.throws(() => generatorAt(run, task, [3]), message);
    run.dispose();
    task.dispose();
  });

  test('evaluations that are no multiple of the batch are taken at the end of their step', async () => {
    const task = tinyTask();
    const points = await trainingCurve(task, { ...config, evaluateAt: [6, 10], steps: [1] });
    assert.deepEqual(points.map(({ images }) => images), [8, 12]); // prettier-ignore
    task.dispose();
  });
});

test('a run is saved when the time has passed, and only then', () =>
  withFolder(async dir => {
    const run = startRun(tinyMlp(), tinyPoints);
    let saved = 0;
    const onSave = (): Promise<void> => Promise.resolve(void saved++);
    const now = autosave(run, dir, { seconds: 0, onSave });
    const later = autosave(run, dir, { onSave });
    const nowhere = autosave(run, undefined, { seconds: 0, onSave });
    await run.train({ images: 8, onStep: () => Promise.all([later(), nowhere()]).then(() => undefined) });
    assert.deepEqual([saved, readdirSync(dir)], [0, []]);
    await run.train({ images: 16, onStep: now });
    assert.equal(saved, 2);
    assert.deepEqual(readdirSync(dir).sort(), ['00000003', '00000004']);
    run.dispose();
  }));
