import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { dismissWorkers } from '../../src/compute/onnx';
import { loadGenerator } from '../../src/models';
import { freshParameters, mixtureDenoiser, type Model } from '../../src/networks';
import type { DistillMethod } from '../../src/methods';
import { distill, Run, type RunOptions } from '../../src/training';
import { assertAllClose } from '../close';
import { withFolder } from '../temporary-folder';
import { tinyMlp, tinyPoints, twoModes } from '../tiny';
import { snapshot } from './runs';

before(() => selectBackend({ backend: 'wasm' }));
after(dismissWorkers);

const METHODS: DistillMethod[] = [
  { kind: 'cosim', coef: 0.75 },
  { kind: 'cosim', divergence: 'pseudo-huber', delta: 0.5 },
  { kind: 'sid', alpha: 1 },
  { kind: 'hsivi', levels: [80, 2, 0.3], psiSteps: 3 },
  { kind: 'moment-matching', steps: 2 },
];

const BATCH = 8;
const start = (method: DistillMethod, run: Partial<RunOptions> = {}): Run => {
  const denoiser = tinyMlp();
  const teacher: Model = { denoiser, parameters: freshParameters(denoiser, 0) };
  const made = distill({
    teacher,
    dataset: tinyPoints,
    method,
    run: { batch: BATCH, learningRate: 1e-2, eps: 1e-3, emaHalflife: 20, engine: 'eager', ...run },
  });
  tf.dispose(teacher.parameters);
  return made;
};
const flat = async (run: Run): Promise<number[]> =>
  (await Promise.all(Object.values(run.parameters('phi')).map(t => t.data()))).flatMap(values => [...values]);

for (const method of METHODS)
  describe(`distillation by ${JSON.stringify(method)}`, () => {
    test('changes phi and psi, leaves theta; the compiled engine and two workers give the same', async () => {
      const eager = start(method);
      const before = await flat(eager);
      const theta = await tf.concat(Object.values(eager.parameters('theta')).map(t => t.flatten())).data();
      await eager.train({ images: 3 * BATCH });
      const expected = await flat(eager);
      assert.ok(expected.some((value, i) => value !== before[i]));
      const after = await tf.concat(Object.values(eager.parameters('theta')).map(t => t.flatten())).data();
      assert.deepEqual(after, theta);
      const compiled = start(method, { engine: 'onnx', workers: 2 });
      await compiled.train({ images: 3 * BATCH });
      assertAllClose(await flat(compiled), expected, 1e-4);
      for (const run of [eager, compiled]) run.dispose();
    });

    test('stopped and loaded it goes on bit for bit; accumulation changes nothing but rounding', async () => {
      const whole = start(method);
      await whole.train({ images: 4 * BATCH });
      await withFolder(async dir => {
        const first = start(method);
        await first.train({ images: 2 * BATCH, dir });
        first.dispose();
        const second = await Run.load(dir, { dataset: tinyPoints });
        await second.train({ images: 4 * BATCH, dir });
        assert.deepEqual(await snapshot(second), await snapshot(whole));
        second.dispose();
      });
      const rounds = start(method, { accumulationRounds: 4 });
      await rounds.train({ images: 4 * BATCH });
      assertAllClose(await flat(rounds), await flat(whole), 1e-4);
      for (const run of [whole, rounds]) run.dispose();
    });
  });

test('several updates of psi in a row have data, noise and bias correction of their own', async () => {
  // with a step size near 0 the moments alone tell: v after n updates of beta2 0.5 from the same parameters
  const one = start({ kind: 'hsivi', levels: [80, 2], psiSteps: 1 }, { learningRate: 1e-12 });
  const three = start({ kind: 'hsivi', levels: [80, 2], psiSteps: 3 }, { learningRate: 1e-12 });
  await one.train({ images: 3 * BATCH });
  await three.train({ images: BATCH });
  const psi = (run: Run) => run.history.map(({ psiLoss }) => psiLoss);
  // the third update is the same draw in both runs: step 2 of psi
  assertAllClose([psi(three)[0]], [psi(one)[2]], 1e-5);
  assert.equal(three.step, 1);
  for (const run of [one, three]) run.dispose();
});

test('found times are the default from then on, and go with the checkpoint', async () => {
  await withFolder(async dir => {
    const run = start({ kind: 'cosim' });
    const request = { seeds: [1, 2, 3], engine: 'eager' as const, steps: 2 };
    const usual = await run.sample(request);
    run.setTimes([10, 0.5]);
    assert.deepEqual(run.times[2], [10, 0.5]);
    assert.deepEqual(run.times[4], [80, 16.78, 2.24, 0.131]);
    const found = await run.sample(request);
    assert.notDeepEqual(found.data, usual.data);
    assert.deepEqual(found.data, (await run.sample({ ...request, times: [10, 0.5] })).data);
    await run.save(dir);
    const loaded = await Run.load(dir, { dataset: tinyPoints });
    assert.deepEqual((await loaded.sample(request)).data, found.data);
    const generator = await loadGenerator(dir);
    assert.deepEqual(generator.times[2], [10, 0.5]);
    assert.throws(() => run.setTimes([1, 2]), /setTimes: times must be decreasing/);
    tf.dispose(generator.parameters);
    for (const each of [run, loaded]) each.dispose();
  });
});

test('a method without psi needs no network that could be one, and EDM samples it: by steps, at no times', async () => {
  const exact = mixtureDenoiser(twoModes); // has no time embedding to double
  const run = distill({
    teacher: exact,
    dataset: tinyPoints,
    method: { kind: 'denoising' } as unknown as DistillMethod,
  });
  assert.deepEqual(run.parameters('psi'), {});
  await assert.rejects(run.sample({ seeds: [0], times: [80, 1] }), /sample: times must be absent.*, got \[80,1\]/);
  run.dispose();
  tf.dispose(exact.parameters);
});

test('methods bring their own times and sampler', async () => {
  const sid = start({ kind: 'sid' });
  assert.deepEqual(sid.times, { 1: [2.5] });
  await assert.rejects(
    sid.sample({ seeds: [0], steps: 4 }),
    /sample: steps must be .* known times \(1\), or `times` given, got 4/,
  );
  const moments = start({ kind: 'moment-matching', steps: 2 });
  assert.equal((await moments.sample({ seeds: [0, 1], steps: 2, engine: 'eager' })).n, 2);
  for (const run of [sid, moments]) run.dispose();
});
