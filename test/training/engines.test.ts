import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, mock, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { dismissWorkers, targetFor } from '../../src/compute/onnx';
import { workers } from '../../src/compute/onnx/worker-pool';
import type { Dataset } from '../../src/datasets';
import { denoising, type Method } from '../../src/methods';
import { type Denoiser, freshParameters } from '../../src/networks';
import { drawInputs, Run, RUN_DEFAULTS, type RunOptions, workersFor } from '../../src/training';
import { CompiledEngine } from '../../src/training/compiled-engine';
import type { HostBatch } from '../../src/training/draw-inputs';
import { slicesOf } from '../../src/training/engine';
import { initialState } from '../../src/training/step';
import { withFolder } from '../temporary-folder';
import { tinyImageNet, tinyImages, tinyMlp, tinyPoints } from '../tiny';
import { snapshot, startRun } from './runs';

const CASES: { name: string; denoiser: () => Denoiser; dataset: Dataset }[] = [
  { name: 'an MLP', denoiser: tinyMlp, dataset: tinyPoints },
  { name: 'a conditional DDPM++ with dropout', denoiser: tinyImageNet, dataset: tinyImages },
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
const train = async (denoiser: Denoiser, dataset: Dataset, options: Partial<RunOptions>): Promise<Run> => {
  const run = startRun(denoiser, dataset, { batch: BATCH, eps: 1e-3, learningRate: 1e-2, ...options });
  await run.train({ images: 3 * BATCH });
  return run;
};

before(() => selectBackend({ backend: 'wasm' }));
after(dismissWorkers);

for (const { name, denoiser, dataset } of CASES)
  describe(`the compiled engine on ${name}`, () => {
    test('gives the numbers of the eager engine for 1, 2 and 4 workers, with and without accumulation', async () => {
      const eager = await train(denoiser(), dataset, { engine: 'eager' });
      assert.equal(eager.engineReport.engine, 'eager');
      for (const [count, rounds] of [
        [1, 1],
        [2, 1],
        [4, 1],
        [2, 2],
      ]) {
        const run = await train(denoiser(), dataset, {
          engine: 'onnx',
          workers: count,
          accumulationRounds: rounds,
        });
        assert.deepEqual([run.engineReport.engine, run.engineReport.workers], ['onnx', count]);
        const error = await distance(run, eager);
        assert.ok(error < 2e-5, `${count} workers, ${rounds} rounds: ${error}`);
        run.dispose();
      }
      eager.dispose();
    });

    test('goes on bit for bit after saving and loading, with the moments of beta1 > 0 too', async () => {
      const options = { engine: 'onnx', workers: 2, beta1: 0.9 } as const;
      const whole = await train(denoiser(), dataset, options);
      await withFolder(async dir => {
        const first = startRun(denoiser(), dataset, { batch: BATCH, eps: 1e-3, learningRate: 1e-2, ...options });
        await first.train({ images: BATCH, dir });
        first.dispose();
        const second = await Run.load(dir, { dataset });
        assert.equal(second.options.engine, 'onnx');
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
  });

describe('a run on the compiled engine', () => {
  test('keeps the event loop free and holds its memory over 60 steps; dispose frees all tensors', async () => {
    const outside = tf.memory().numTensors;
    const run = startRun(tinyImageNet(), tinyImages, { batch: BATCH, engine: 'onnx', workers: 2 });
    await run.train({ images: 5 * BATCH });
    let [turns, counting] = [0, true];
    const count = (): void => {
      turns++;
      if (counting) setImmediate(count);
    };
    count();
    await run.train({ images: 15 * BATCH });
    counting = false;
    assert.ok(turns > 10 * 10, `${turns} turns in 10 steps: one that keeps the loop gives it two or three`);
    const [tensors, memory] = [tf.memory().numTensors, process.memoryUsage().rss];
    await run.train({ images: 75 * BATCH });
    assert.equal(tf.memory().numTensors, tensors);
    assert.ok(process.memoryUsage().rss - memory < 64e6, 'memory grew');
    run.dispose();
    assert.equal(tf.memory().numTensors, outside);
  });

  test('ends with a clear error and the last whole step saved when a worker dies, and goes on from there', async () => {
    await withFolder(async dir => {
      const options = { batch: BATCH, engine: 'onnx', workers: 2 } as const;
      const run = startRun(tinyMlp(), tinyPoints, options);
      const reference = startRun(tinyMlp(), tinyPoints, options);
      await reference.train({ images: 8 * BATCH });
      const training = run.train({
        images: 8 * BATCH,
        dir,
        onStep: async ({ step }) => {
          if (step === 4) await workers()[1]!.thread.end();
        },
      });
      await assert.rejects(training, /training stopped at step 4: worker 1 ended .*step 4 is saved in/s);
      run.dispose();
      const resumed = await Run.load(dir, { dataset: tinyPoints });
      await resumed.train({ images: 8 * BATCH });
      assert.deepEqual(await snapshot(resumed), await snapshot(reference));
      resumed.dispose();
      reference.dispose();
    });
  });

  test('takes a worker that dies while the next part is drawn, and nothing computes any more when it throws', async () => {
    const denoiser = tinyMlp();
    const [method, options] = [denoising(denoiser), { ...RUN_DEFAULTS, batch: BATCH }];
    const state = initialState({ phi: freshParameters(denoiser, 0) }, ['phi'], options);
    const on = { target: await targetFor(), workers: 2, reason: 'of the test' };
    const engine = await CompiledEngine.create(method, options, state, on);
    const [update] = method.updates;
    const slices = slicesOf(options, 0, 2);
    const parts = async function* (): AsyncGenerator<HostBatch> {
      yield await drawInputs(update.inputs, tinyPoints, slices[0]);
      await workers()[0]!.thread.end();
      await new Promise(resolve => setImmediate(resolve)); // a rejection that nobody handles would be noticed here
      yield await drawInputs(update.inputs, tinyPoints, slices[1]);
    };
    await assert.rejects(engine.gradient(update, parts()), /worker 0 ended/);
    engine.dispose();
    tf.dispose(state);
  });

  test('ends a worker that hangs: after an hour without an answer', async () => {
    const run = startRun(tinyMlp(), tinyPoints, { batch: BATCH, engine: 'onnx', workers: 1 });
    await run.train({ images: BATCH });
    mock.timers.enable({ apis: ['setTimeout'] });
    const hour = setInterval(() => mock.timers.tick(3_600_000), 1); // passes while an answer is waited for
    try {
      await assert.rejects(run.train({ images: 10_000 * BATCH }), /worker 0 has not answered for 60 minutes/);
    } finally {
      clearInterval(hour);
      mock.timers.reset();
    }
    await run.train({ images: run.images + BATCH }); // another worker takes its place
    run.dispose();
  });

  test('an aborted training stops after the iteration, saved', async () => {
    await withFolder(async dir => {
      const run = startRun(tinyMlp(), tinyPoints, { batch: BATCH, engine: 'onnx' });
      const control = new AbortController();
      const onStep = ({ step }: { step: number }): void => {
        if (step === 3) control.abort();
      };
      assert.equal(await run.train({ images: 1000 * BATCH, dir, signal: control.signal, onStep }), 'aborted');
      assert.equal((await Run.load(dir, { dataset: tinyPoints })).step, 3);
      run.dispose();
    });
  });
});

describe('choosing the engine', () => {
  /** A method whose loss reads a value: it cannot be traced. */
  const untraceable = (denoiser: Denoiser): Method => {
    const method = denoising(denoiser);
    const [update] = method.updates;
    return {
      ...method,
      updates: [
        {
          ...update,
          loss: (roles, batch) => {
            batch.x0.dataSync();
            return update.loss(roles, batch);
          },
        },
      ],
    };
  };
  const runOf = (engine: RunOptions['engine']): Run => {
    const denoiser = tinyMlp();
    const options = { batch: BATCH, engine };
    return Run.start(untraceable(denoiser), { phi: freshParameters(denoiser, 0) }, tinyPoints, options);
  };

  test('auto falls back to eager for a step that cannot be traced, with a warning that names the line', async () => {
    const warnings: string[] = [];
    const listen = (warning: Error): void => void warnings.push(warning.message);
    process.on('warning', listen);
    const run = runOf('auto');
    await run.train({ images: BATCH });
    await new Promise(resolve => setImmediate(resolve));
    process.off('warning', listen);
    assert.equal(run.engineReport.engine, 'eager');
    assert.match(warnings.join(), /value of a traced tensor .*engines\.test\.ts:\d+.* eagerly/s);
    run.dispose();
  });

  test('compiled refuses such a step', async () => {
    const run = runOf('onnx');
    await assert.rejects(run.train({ images: BATCH }), { name: 'TraceError' });
    run.dispose();
  });

  test('workers share a batch evenly: by cores for large batches, one for small ones, divisors only', () => {
    const options = { ...RUN_DEFAULTS, batch: 64 };
    assert.equal(workersFor({ ...options, workers: 2 }), 2);
    assert.equal(workersFor({ ...options, workers: 5 }), 4);
    assert.equal(workersFor({ ...options, batch: 7, workers: 4 }), 1);
    assert.equal(workersFor({ ...options, batch: 8, workers: 0 }), 1);
    assert.equal(workersFor({ ...options, accumulationRounds: 32, workers: 4 }), 2);
  });

  test('unknown engines and negative workers are refused', () => {
    assert.throws(() => startRun(tinyMlp(), tinyPoints, { engine: 'fast' as 'eager' }), /engine must be one of/);
    assert.throws(() => startRun(tinyMlp(), tinyPoints, { workers: -1 }), /workers must be an integer/);
  });
});
