import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { machineMemory } from '../../src/compute/machine-memory';
import type { Dataset } from '../../src/datasets';
import { loadResults } from '../../src/evaluation';
import { pixelFeatures } from '../../src/features';
import { freshParameters } from '../../src/networks';
import {
  DISTILL_PRESET_NAMES,
  distillPreset,
  distillRun,
  type DistillRunInput,
  type DistillSetup,
  estimateDistillation,
  listRuns,
  stateBytes,
} from '../../src/runs';
import { newRunOptions } from '../../src/training';
import { withFolder } from '../temporary-folder';
import { noiseData, tinyImageNet, tinyImages, tinyMlp, tinyPoints } from '../tiny';

before(() => selectBackend({ backend: 'wasm' }));

/** Noise of `tinyImages` in bytes, as an evaluation needs. */
const bytes: Dataset = {
  ...tinyImages,
  length: 40,
  batch: async indices => {
    const { x, labels } = await tinyImages.batch(indices);
    return { x: Uint8Array.from(x, v => Math.max(0, Math.min(255, 128 + 60 * v))), labels };
  },
};

const setup = (): DistillSetup => {
  const denoiser = tinyImageNet();
  return {
    teacher: { denoiser, parameters: freshParameters(denoiser, 0) },
    dropout: 0.1,
    dataset: bytes,
    run: { batch: 4, accumulationRounds: 2, learningRate: 1e-3, emaHalflife: 20, engine: 'eager' },
  };
};

const inputIn = (dir: string, given: DistillSetup): DistillRunInput => ({
  ...given,
  dir,
  images: 24,
  saveEvery: 8,
  sheets: { every: 10, n: 3, steps: [1, 2], batch: 64 },
  metrics: {
    every: 12,
    reference: bytes,
    extractor: pixelFeatures({ side: 2, channels: 1 }),
    metrics: ['fd'],
    n: 6,
    blocks: 1,
    steps: [2],
    batch: 64,
  },
});

/** Every file that tells the result: the last checkpoint's tensors, sheets and measured values. */
const outcome = async (dir: string): Promise<object> => {
  const sheets = await readdir(join(dir, 'sheets'));
  const measured = (await readdir(join(dir, 'metrics'))).filter(name => name.endsWith('.json')).sort();
  return {
    state: (await readFile(join(dir, '00000006', 'state.safetensors'))).toString('base64'),
    pictures: await Promise.all(sheets.sort().map(async name => [name, await readFile(join(dir, 'sheets', name), 'base64')])),
    values: await Promise.all(measured.map(async name => [name, (await loadResults(join(dir, 'metrics', name))).results])),
  }; // prettier-ignore
};

describe('a long distillation', () => {
  test('saves, draws and measures where it should; stopped in any stage, it goes on to the same bits', () =>
    withFolder(async dir => {
      const given = setup();
      const before = tf.memory().numTensors;
      const looks: number[] = [];
      const result = await distillRun({
        ...inputIn(join(dir, 'whole'), given),
        onSnapshot: look => looks.push(look.images),
      });
      assert.deepEqual([result.images, result.steps, result.history.length], [24, 6, 6]);
      assert.deepEqual(looks, [0, 8, 12, 16, 20, 24]);
      assert.equal(tf.memory().numTensors, before);
      const numbered = (images: number): string => String(images).padStart(12, '0');
      // sheets: at the start, behind 10 and 20 and at the end; measured behind 12 and 24; steps end at multiples of 4
      assert.deepEqual(
        (await readdir(join(dir, 'whole', 'sheets'))).sort(),
        [0, 12, 20, 24].map(images => `${numbered(images)}-3-in-1-2-steps.png`),
      );
      assert.deepEqual((await readdir(join(dir, 'whole', 'metrics'))).sort(), [
        ...[12, 24].map(images => `${numbered(images)}-2-steps.json`),
        'features',
      ]);
      const [listed] = await listRuns(dir);
      assert.ok('measured' in listed);
      assert.deepEqual(
        listed.measured.map(({ images, steps, results }) => [images, steps, results[0].metric]),
        [[24, 2, 'fd']],
      );
      const kept = await readdir(join(dir, 'whole', 'metrics', 'features'));
      assert.equal(kept.length, 1); // the reference's alone

      const parts = inputIn(join(dir, 'parts'), given);
      const stages: string[] = [];
      for (const stage of ['sheet', 'training', '2 steps, measured', 'training']) {
        const stop = new AbortController();
        const onProgress: DistillRunInput['onProgress'] = progress => {
          if (progress.stage === stage && (stage !== 'training' || progress.made > 0)) stop.abort(new Error('stopped'));
        };
        await assert.rejects(distillRun({ ...parts, signal: stop.signal, onProgress }), /stopped/);
        stages.push(stage);
      }
      assert.equal(stages.length, 4);
      await distillRun(parts);
      assert.deepEqual(await outcome(join(dir, 'parts')), await outcome(join(dir, 'whole')));
      const again = await distillRun(parts);
      assert.equal(again.steps, 6); // nothing is left to do
      const { last } = await distillRun({
        ...parts,
        sheets: { ...parts.sheets!, n: 2 },
        metrics: { ...parts.metrics!, n: 8 },
      });
      assert.match(last.sheet!, /000000000024-2-in-1-2-steps\.png$/);
      assert.deepEqual(
        last.measured.map(({ results }) => results[0].n),
        [8],
      );
      tf.dispose(given.teacher.parameters);
    }));

  test('samples that are no pictures are kept as numbers', () =>
    withFolder(async dir => {
      const denoiser = tinyMlp();
      const teacher = { denoiser, parameters: freshParameters(denoiser, 0) };
      const run = { batch: 4, engine: 'eager' } as const;
      const sheets = { every: 100, n: 3, steps: [1], batch: 64 };
      const method = { kind: 'sid' } as const;
      const { last } = await distillRun({
        teacher,
        dataset: tinyPoints,
        run,
        method,
        dir,
        images: 4,
        saveEvery: 4,
        sheets,
      });
      assert.match(last.sheet!, /000000000004-3-in-1-steps\.safetensors$/);
      tf.dispose(teacher.parameters);
    }));

  test('ends with an error where its folder is deleted, the last step saved there again; the same call goes on', () =>
    withFolder(async base => {
      const given = setup();
      for (const at of [8, 24]) {
        const dir = join(base, String(at));
        const input = { ...inputIn(dir, given), metrics: undefined, sheets: undefined };
        let deleted = false;
        const onProgress: DistillRunInput['onProgress'] = ({ done }) => {
          if (done !== at || deleted) return;
          deleted = true;
          rmSync(dir, { recursive: true });
        };
        await assert.rejects(distillRun({ ...input, onProgress }), { name: 'CheckpointError', code: 'vanished' });
        assert.deepEqual((await readdir(dir)).sort(), [`${at / 4}`.padStart(8, '0'), 'distill.json']);
        assert.equal((await distillRun(input)).images, 24);
      }
      tf.dispose(given.teacher.parameters);
    }));

  test('that diverged is no success: its numbers are saved, and an error says so', () =>
    withFolder(async dir => {
      const given = setup();
      const huge = { ...tinyImages, batch: async (indices: readonly number[]) => {
        const { x, labels } = await tinyImages.batch(indices);
        return { x: Float32Array.from(x, () => 3e38), labels };
      } }; // prettier-ignore
      const input = { ...inputIn(dir, { ...given, dataset: huge }), images: 8, metrics: undefined, sheets: undefined };
      for (let time = 0; time < 2; time++)
        await assert.rejects(distillRun(input), {
          name: 'TrainingError',
          message: /^the run diverged: losses or gradients of its last 2 steps were not finite$/,
        });
      assert.ok((await readdir(dir)).includes('00000002'));
      tf.dispose(given.teacher.parameters);
    }));

  test('what does not fit, and a folder of something else, are refused before anything is written', () =>
    withFolder(async dir => {
      const given = setup();
      const input = inputIn(join(dir, 'run'), given);
      const refused: [Partial<DistillRunInput>, RegExp][] = [
        [{ dataset: noiseData([4, 4, 1], 3) }, /samples of 'noise' must be of shape \[8, 8, 1\]/],
        [{ dataset: noiseData([8, 8, 1], 2) }, /classes of 'noise' must be 3, got 2/],
        ...[0, -5, NaN, 'x', null].map((saveEvery): [Partial<DistillRunInput>, RegExp] => [{ saveEvery: saveEvery as never }, /saveEvery must be an integer from 1/]),
        [{ images: 0 }, /images must be an integer from 1/],
        [{ run: { batch: 4, accumulationRounds: 3 } }, /accumulationRounds must be a divisor of the batch 4, got 3/],
        [{ method: { kind: 'cosim', R: 0 } }, /R must be an integer from 1/],
        [{ sheets: { ...input.sheets!, steps: [3] } }, /sheets\.steps must be numbers of steps that have times: 1, 2, 4/],
        [{ method: { kind: 'sid' } }, /steps that have times: 1, got 2/],
        [{ metrics: { ...input.metrics!, nReference: 50 } }, /nReference must be at most the 40 images/],
        [{ metrics: { ...input.metrics!, metrics: ['is'] } }, /a network with a classifier/],
      ]; // prettier-ignore
      for (const [change, message] of refused) await assert.rejects(distillRun({ ...input, ...change }), message);
      assert.deepEqual(await readdir(dir), []);

      await mkdir(join(dir, 'other'));
      await writeFile(join(dir, 'other', 'notes.txt'), 'mine');
      await assert.rejects(distillRun({ ...input, dir: join(dir, 'other') }), /is not empty and holds no run/);
      const short = { ...input, images: 4, sheets: undefined, metrics: undefined };
      await distillRun(short);
      const another = { ...short, run: { ...short.run, seed: 7 }, method: { kind: 'cosim', coef: 0.5 } } as const;
      await assert.rejects(
        distillRun(another),
        /holds another run: method\.coef is 1 there, 0\.5 here; run\.seed is 0 there, 7 here/,
      );
      assert.equal((await distillRun({ ...short, images: 8 })).images, 8); // longer is no other run
      await rm(join(dir, 'run', 'distill.json'));
      await assert.rejects(distillRun(short), /holds no run that was started so/);
      tf.dispose(given.teacher.parameters);
    }));
});

test('the estimate scales small steps to the batch and to all images, and counts what a run keeps', async () => {
  const given = setup();
  const measured: number[] = [];
  const estimate = await estimateDistillation({
    ...given,
    dataset: { ...bytes, length: 100 },
    run: { ...given.run, batch: 64, accumulationRounds: 4, workers: 1 },
    images: 6400,
    onMeasure: samples => measured.push(samples),
  });
  assert.deepEqual(measured, [1, 16]); // one sample, and the round itself where that is quick
  const { stepSeconds, totalSeconds, memoryBytes } = estimate;
  assert.equal(totalSeconds, 100 * stepSeconds);
  const round = estimate.measured[1].seconds;
  if (round >= estimate.measured[0].seconds) assert.ok(Math.abs(stepSeconds - 4 * round) < 1e-9 * stepSeconds);
  assert.ok(memoryBytes > 1e7 && memoryBytes < machineMemory());
  const sizeOf = (tensors: tf.NamedTensorMap): number =>
    Object.values(tensors).reduce((sum, { size }) => sum + size, 0);
  const [one, two] = [sizeOf(given.teacher.parameters), stateBytes(given) / 4];
  // theta, phi, its average, a gradient and a moment of phi; psi with its gradient and moment, and a branch for t more
  assert.ok(two > 8 * one && two < 10 * one, `${two} of ${one}`);
  tf.dispose(given.teacher.parameters);
});

test('every preset is whole: its run is valid, and it looks at least once', () => {
  for (const name of DISTILL_PRESET_NAMES) {
    const { run, images, saveEvery, sheetEvery, evalEvery } = distillPreset(name);
    const { batch } = newRunOptions(run);
    for (const every of [saveEvery, sheetEvery, evalEvery]) assert.ok(every % batch === 0 && every < images, name);
  }
  assert.throws(() => distillPreset('cifar10' as never), /unknown preset 'cifar10'/);
});
