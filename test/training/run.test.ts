import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { loadTensors } from '../../src/checkpoints';
import { selectBackend } from '../../src/compute/backend';
import { cosim, denoising } from '../../src/methods';
import { type Denoiser, edmDenoiser, freshParameters, mixtureDenoiser, mlp } from '../../src/networks';
import { distill, expectTaughtClasses, pretrain, Run, TrainingError } from '../../src/training';
import { assertAllClose, assertClose, valuesOf } from '../close';
import { TESTED_BACKENDS } from '../golden';
import { withFolder } from '../temporary-folder';
import { noiseData, tinyImageNet, tinyImages, tinyMlp, tinyPoints, twoModes } from '../tiny';
import { OVERFLOW, overflowingRun, snapshot, startRun } from './runs';

const flat = async (run: Run, role: 'phi' | 'psi' | 'ema'): Promise<number[]> =>
  (await Promise.all(Object.values(run.parameters(role)).map(valuesOf))).flat();

for (const backend of TESTED_BACKENDS)
  describe(`a run on ${backend}`, () => {
    test('a batch in 1, 2 or 4 accumulation rounds gives the same updates and reports', async () => {
      await selectBackend({ backend });
      const results = [];
      for (const rounds of [1, 2, 4]) {
        const run = startRun(tinyImageNet(), tinyImages, { accumulationRounds: rounds, eps: 1e-2 }); // eps: Adam must not blow up rounding
        await run.train({ images: 4 });
        results.push({ phi: await flat(run, 'phi'), psi: await flat(run, 'psi'), report: run.history[0] });
        run.dispose();
      }
      const [one, ...others] = results;
      for (const { phi, psi, report } of others) {
        assertAllClose(phi, one.phi, 1e-5, 'phi');
        assertAllClose(psi, one.psi, 1e-5, 'psi');
        for (const metric of ['psiLoss', 'phiLoss', 'phiScoreGap', 'psiGradNorm', 'phiGradNorm'])
          assertClose(report[metric] / one.report[metric], 1, 1e-3, metric);
      }
    });

    test('training moves phi, psi and the average, not theta; the first average is a copy of phi', async () => {
      await selectBackend({ backend });
      const run = startRun(tinyMlp(), tinyPoints);
      const before = (await snapshot(run)) as Record<string, object>;
      await run.train({ images: 4 });
      assert.deepEqual(await flat(run, 'ema'), await flat(run, 'phi'));
      await run.train({ images: 40 });
      const after = (await snapshot(run)) as Record<string, object>;
      assert.deepEqual(after.theta, before.theta);
      for (const role of ['phi', 'psi', 'ema']) assert.notDeepEqual(after[role], before[role], role);
      assert.notDeepEqual(await flat(run, 'ema'), await flat(run, 'phi'));
    });

    test('the number of tensors is constant over 50 steps, and back where it was after dispose', async () => {
      await selectBackend({ backend });
      const before = tf.memory().numTensors;
      const run = startRun(tinyMlp(), tinyPoints, { beta1: 0.9, accumulationRounds: 2 });
      const counts: number[] = [];
      await run.train({ images: 200, onStep: () => void counts.push(tf.memory().numTensors) });
      await run.sample({ seeds: [1, 2], steps: 2 });
      counts.push(tf.memory().numTensors);
      assert.deepEqual(new Set(counts).size, 1, counts.join());
      run.dispose();
      assert.equal(tf.memory().numTensors, before);
      run.dispose();
      await assert.rejects(run.train({ images: 300 }), /has been disposed/);
      await assert.rejects(run.sample({ seeds: [1] }), /has been disposed/);
    });
  });

describe('train', () => {
  test('goes up to a number of images; asked again it does nothing', async () => {
    await selectBackend({ backend: 'cpu' });
    const run = startRun(tinyMlp(), tinyPoints);
    const steps: number[] = [];
    const onStep = ({ step, images }: { step: number; images: number }) => void steps.push(step, images);
    assert.equal(await run.train({ images: 10, onStep }), 'done'); // whole batches of 4
    assert.deepEqual(steps, [1, 4, 2, 8, 3, 12]);
    const state = await snapshot(run);
    assert.equal(await run.train({ images: 10, onStep }), 'done');
    assert.deepEqual(await snapshot(run), state);
    assert.equal(run.history.length, 3);
  });

  test('the same seed gives the same run, another seed another', async () => {
    await selectBackend({ backend: 'cpu' });
    const trained = async (seed: number) => {
      const run = startRun(tinyMlp(), tinyPoints, { seed });
      await run.train({ images: 12 });
      return snapshot(run);
    };
    assert.deepEqual(await trained(1), await trained(1));
    assert.notDeepEqual(await trained(1), await trained(2));
  });

  test('during warm-up the learning rate rises from 0 in proportion to the images seen', async () => {
    await selectBackend({ backend: 'cpu' });
    const denoiser = tinyMlp();
    // Adam with beta1 = beta2 = 0 moves every parameter with a gradient by exactly the learning rate
    const options = { batch: 4, learningRate: 1e-3, warmup: 16, beta1: 0, beta2: 0, eps: 1e-20 };
    const phi = freshParameters(denoiser, 0);
    const run = Run.start(denoising(denoiser), { phi }, tinyPoints, options);
    const sizes: number[] = [];
    let last = (await valuesOf(run.parameters('phi')['model.out.bias']))[0];
    await run.train({
      images: 24,
      onStep: async () => {
        const [now] = await valuesOf(run.parameters('phi')['model.out.bias']);
        sizes.push(Math.abs(now - last) / 1e-3);
        last = now;
      },
    });
    assertAllClose(sizes, [0, 0.25, 0.5, 0.75, 1, 1], 1e-3);
  });

  test('unknown options and parameters that do not fit are refused, and nothing stays behind', async () => {
    await selectBackend({ backend: 'cpu' });
    const denoiser = tinyMlp();
    const theta = freshParameters(denoiser, 0);
    const before = tf.memory().numTensors;
    const start = (options: object) => () => Run.start(denoising(denoiser), { phi: theta }, tinyPoints, options);
    assert.throws(start({ learningrate: 1 }), /run: unknown option 'learningrate'. Did you mean 'learningRate'\?/);
    assert.throws(
      start({ batch: 6, accumulationRounds: 4 }),
      /accumulationRounds must be a divisor of the batch 6, got 4/,
    );
    assert.throws(start({ learningRate: 0 }), /learningRate must be a finite number above 0/);
    for (const eps of [0, 1e-46])
      assert.throws(start({ eps }), /eps must be a finite number of at least 1\.175\d+e-38, got/);
    assert.throws(() => denoising(denoiser, { pMean: NaN }), /denoising: pMean must be a finite number, got NaN/);
    assert.throws(start({ beta1: 1 }), /beta1 must be a finite number/);
    assert.throws(start({ seed: -1 }), /seed must be an integer from 0/);
    assert.throws(() => Run.start(denoising(denoiser), {}, tinyPoints), /run, phi: parameters do not fit.*missing/);
    assert.throws(
      () => Run.start(denoising(denoiser), { phi: theta }, noiseData([3])),
      /of shape \[2\] as phi's, got \[3\]/,
    );
    assert.throws(() => Run.start(denoising(tinyImageNet()), {}, noiseData([8, 8, 1])), /missing|classes/);
    const run = startRun(denoiser, tinyPoints);
    await assert.rejects(run.train({ image: 4 } as never), /train: unknown option 'image'. Did you mean 'images'\?/);
    await assert.rejects(run.train({ images: 1.5 }), /images must be an integer/);
    await assert.rejects(
      run.sample({ seeds: [1], steps: 3 }),
      /sample: steps must be .* known times \(1, 2, 4\), or `times` given, got 3/,
    );
    run.dispose();
    assert.equal(tf.memory().numTensors, before);
  });
});

test("options that a run's sampler does not look at are refused; a denoiser takes 18 steps", async () => {
  await selectBackend({ backend: 'cpu' });
  const denoiser = tinyMlp();
  const run = startRun(denoiser, tinyPoints);
  await assert.rejects(
    run.sample({ seeds: [0], guidance: 2 }),
    /sample: guidance must be absent: what 'cosim' trains is not sampled by it, got 2/,
  );
  await assert.rejects(run.sample({ seeds: [0], step: 1 } as never), /sample: unknown option 'step'/);
  const fresh = Run.start(denoising(denoiser), { phi: freshParameters(denoiser, 0) }, tinyPoints, { batch: 4 });
  await assert.rejects(fresh.sample({ seeds: [0], times: [80] }), /sample: times must be absent/);
  let steps = 0;
  await fresh.sample({ seeds: [0], onStep: () => void steps++ });
  assert.equal(steps, 18);
  run.dispose();
  fresh.dispose();
});

describe('distill and pretrain', () => {
  test('an exact mixture is distilled into a network, and both leave the tensors they were given', async () => {
    await selectBackend({ backend: 'cpu' });
    const teacher = mixtureDenoiser(twoModes);
    const start = { denoiser: tinyMlp(), parameters: freshParameters(tinyMlp(), 0) };
    const before = tf.memory().numTensors;
    const run = distill({ teacher, start, dataset: tinyPoints, run: { batch: 4 } });
    await run.train({ images: 8 });
    assert.equal((await run.sample({ seeds: [1, 2], steps: 1 })).n, 2);
    run.dispose();
    assert.equal(tf.memory().numTensors, before);
    assert.throws(() => distill({ teacher, dataset: tinyPoints }), /auxiliaryOf: denoiser must be a network/);
    assert.equal(tf.memory().numTensors, before);
    const fresh = pretrain({ denoiser: tinyMlp(), dataset: tinyPoints, run: { batch: 4 } });
    await fresh.train({ images: 8 });
    assert.equal((await fresh.sample({ seeds: [1, 2], steps: 3 })).n, 2); // Heun
    fresh.dispose();
    assert.equal(tf.memory().numTensors, before);
  });
});

describe('gradients that are not finite', () => {
  for (const [who, isBad] of [
    ['psi', (batch: number) => batch % 2 === 0],
    ['phi', (batch: number) => batch % 2 === 1],
  ] as const)
    test(`${who}'s, step after step: training stops after maxBadSteps, names the parameters and writes what it was fed`, () =>
      withFolder(async dir => {
        await selectBackend({ backend: 'cpu' });
        const run = overflowingRun(isBad, { maxBadSteps: 3 });
        const error = await run.train({ images: 400, dir }).then(
          () => assert.fail('went on'),
          (e: unknown) => e as Error,
        );
        assert.ok(error instanceof TrainingError);
        assert.match(error.message, new RegExp(`gradients of ${who} were not finite in 3 consecutive steps`));
        assert.match(error.message, /model\.\w+/);
        assert.equal(run.step, 3);
        const files = (await readdir(dir)).filter(name => name.startsWith('bad-step-'));
        assert.deepEqual(files.map(name => name.replace(/bad-step-\d+/, '')).sort(), [
          '.batch.safetensors',
          '.json',
          '.state.safetensors',
        ]);
        const { tensors } = await loadTensors(`${dir}/${files.find(name => name.includes('batch'))}`);
        assert.ok((await valuesOf(tensors.x0)).every(x => x === OVERFLOW));
      }));

  test('in single steps are counted and gone on from, and parameters stay finite', async () => {
    await selectBackend({ backend: 'cpu' });
    const run = overflowingRun(batch => batch === 4 || batch === 9, { maxBadSteps: 2 });
    assert.equal(await run.train({ images: 40 }), 'done');
    const bad = run.history.filter(({ nonFinite }) => nonFinite > 0).map(({ step }) => step);
    assert.deepEqual(bad, [3, 5]); // batch 4 is psi's of step 3, batch 9 phi's of step 5
    for (const role of ['phi', 'psi', 'ema'] as const) assert.ok((await flat(run, role)).every(Number.isFinite), role);
  });
});

test('a method without labels in its data is refused where the generator is conditional', async () => {
  await selectBackend({ backend: 'cpu' });
  const denoiser = tinyImageNet();
  const theta = freshParameters(denoiser, 0);
  const method = denoising(denoiser);
  assert.throws(() => Run.start(method, { phi: theta }, noiseData([8, 8, 1])), /classes of 'noise' must be 3, got 0/);
  assert.equal(cosim(denoiser, denoiser).updates.length, 2);
});

test('a generator has the classes of its teacher, unless that has none', () => {
  const of = (classes: number): Denoiser => edmDenoiser(mlp({ dimensions: 2, width: 8, blocks: 1, classes }));
  const fit = (theta: number, phi: number) => () => expectTaughtClasses('run', cosim(of(theta), of(phi)));
  assert.throws(fit(3, 0), /run: the generator's classes must be 3 as the teacher's, got 0/);
  assert.throws(fit(10, 5), /run: the generator's classes must be 10 as the teacher's, got 5/);
  fit(0, 3)();
});
