import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { dismissWorkers } from '../../src/compute/onnx';
import { type IterationReport, Run, TrainingError, type TrainOptions } from '../../src/training';
import { testDevice } from '../compute/xla/pjrt/cpu-plugin';
import { withFolder } from '../temporary-folder';
import { tinyMlp, tinyPoints } from '../tiny';
import { overflowingRun, snapshot, startRun } from './runs';

testDevice({ shared: true });
after(dismissWorkers);

const IMAGES = 24;
const STEPS = [1, 2, 3, 4, 5, 6];

const startOn = (engine: 'eager' | 'onnx' | 'xla'): Run => startRun(tinyMlp(), tinyPoints, { engine, workers: 1 });

/** Trains, and tells what each report says beside where the run stands when it comes. */
const watched = async (
  run: Run,
  how: 'onReport' | 'onStep',
  rest: Omit<TrainOptions, 'images'> = {},
): Promise<{ reports: IterationReport[]; stands: number[] }> => {
  const reports: IterationReport[] = [];
  const stands: number[] = [];
  const tell = (report: IterationReport): void => {
    reports.push(report);
    stands.push(run.step);
  };
  await run.train({ ...rest, images: IMAGES, [how]: tell });
  return { reports, stands };
};

describe('reports of a run', () => {
  test('come while the next iteration is computed on an accelerator, and change no bit', async () => {
    const [free, waiting] = [startOn('xla'), startOn('xla')];
    const ahead = await watched(free, 'onReport');
    const one = await watched(waiting, 'onStep');
    assert.deepEqual(ahead.stands, [2, 3, 4, 5, 6, 6]);
    assert.deepEqual(one.stands, STEPS);
    for (const [run, { reports }] of [
      [free, ahead],
      [waiting, one],
    ] as const) {
      assert.deepEqual(reports.map(({ step }) => step), STEPS); // prettier-ignore
      assert.deepEqual(reports, [...run.history]);
    }
    assert.deepEqual(await snapshot(free), await snapshot(waiting));
    free.dispose();
    waiting.dispose();
  });

  for (const engine of ['eager', 'onnx'] as const)
    test(`come with their iteration on the ${engine} engine`, async () => {
      const run = startOn(engine);
      assert.deepEqual((await watched(run, 'onReport')).stands, STEPS);
      run.dispose();
    });

  test('do not count time twice: their seconds are no more than those of the training', async () => {
    const run = startOn('xla');
    await run.train({ images: 4 }); // compiled
    const began = performance.now();
    await watched(run, 'onReport');
    const seconds = (performance.now() - began) / 1000;
    const told = run.history.slice(1).reduce((sum, report) => sum + report.seconds, 0);
    assert.ok(told > 0 && told <= seconds, `${told} of ${seconds}`);
    run.dispose();
  });

  test('are all told where a run is stopped, and checkpoints on the way hold all of the history', () =>
    withFolder(async dir => {
      const stop = new AbortController();
      const run = startOn('xla');
      const told: number[] = [];
      const end = await run.train({
        images: 4000,
        dir,
        saveEvery: 4,
        signal: stop.signal,
        onReport: async ({ step }) => {
          told.push(step);
          const saved = await Run.load(dir, { dataset: tinyPoints }).catch(() => undefined);
          if (saved) assert.deepEqual([saved.history.length, saved.images], [saved.step, 4 * saved.step]);
          saved?.dispose();
          if (step === 3) stop.abort();
        },
      });
      assert.equal(end, 'aborted');
      assert.equal(run.step, 4); // the fourth had begun
      assert.deepEqual(told, [1, 2, 3, 4]);
      const again = await Run.load(dir, { dataset: tinyPoints });
      assert.deepEqual(await snapshot(again), await snapshot(run));
      again.dispose();
      run.dispose();
    }));

  test('whose listener throws end the training after the iteration that has begun; the next goes on', async () => {
    const [run, whole] = [startOn('xla'), startOn('xla')];
    const onReport = ({ step }: IterationReport): void => {
      if (step === 2) throw new Error('no more');
    };
    await assert.rejects(run.train({ images: IMAGES, onReport }), /^Error: no more$/);
    assert.deepEqual([run.step, run.history.length], [3, 3]);
    await run.train({ images: IMAGES });
    await whole.train({ images: IMAGES });
    assert.deepEqual(await snapshot(run), await snapshot(whole));
    run.dispose();
    whole.dispose();
  });

  test('of gradients that are not finite end a run at the step that an engine ends at which waits for each', async () => {
    const messages: string[] = [];
    for (const engine of ['eager', 'xla'] as const) {
      const run = overflowingRun(batch => [4, 6].includes(batch) || batch >= 12, { maxBadSteps: 3, engine });
      const error: unknown = await run.train({ images: 400 }).catch((thrown: unknown) => thrown);
      assert.ok(error instanceof TrainingError, String(error));
      const bad = run.history.filter(({ nonFinite }) => nonFinite > 0).map(({ step }) => step);
      assert.deepEqual(bad, [3, 4, 7, 8, 9], engine);
      assert.equal(run.step, 9, engine);
      messages.push(error.message);
      run.dispose();
    }
    assert.equal(messages[0], messages[1]);
  });
});
