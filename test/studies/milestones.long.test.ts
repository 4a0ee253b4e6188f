import assert from 'node:assert/strict';
import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { loadModel, loadTeacher, modelFile } from '../../src/models';
import { sampleMultistep } from '../../src/samplers';
import { type Dataset, digits, indexRange, subset, toBytes } from '../../src/datasets';
import { loadFeatures } from '../../src/evaluation';
import { pixelFeatures } from '../../src/features';
import {
  armTraining,
  measureMilestones,
  measureOneCall,
  type Milestone,
  milestonesIn,
  searchMilestone,
  teacherTraining,
  trainMilestones,
} from '../../src/studies';
import { ONE_CALL_TIMES } from '../../src/studies/one-call';
import { withFolder } from '../temporary-folder';
import { noiseData } from '../tiny';

/** Noise in bytes, as images are stored. */
const noiseImages = (length: number): Dataset => {
  const noise = noiseData([8, 8, 3], 0, length);
  return {
    ...noise,
    batch: async indices => {
      const { x, labels } = await noise.batch(indices);
      return { x: toBytes(x as Float32Array), labels };
    },
  };
};

const dataset = noiseImages(64);

const TEACHER = {
  network: { resolution: 8, channels: 3, classes: 0, modelChannels: 4, channelMult: [1, 1], blocks: 1, attention: [] },
  run: { batch: 8, learningRate: 1e-3, engine: 'eager' as const },
  keepAt: [8, 16],
};
const STUDY = { run: { batch: 8, learningRate: 1e-4, engine: 'eager' as const }, keepAt: [8, 24] };
const ARM = { series: 'CoSIM', method: { kind: 'cosim', coef: 1 } as const, seed: 3 };

const weightsOf = (milestones: readonly Milestone[]): Promise<Buffer[]> =>
  Promise.all(milestones.map(({ file }) => readFile(file)));

describe('trainings that are kept on the way', () => {
  test('teacher, then generator: stopped anywhere, they go on to the same bytes, and loadModel reads every milestone', () =>
    withFolder(async dir => {
      await selectBackend({ backend: 'wasm' });
      const before = tf.memory().numTensors;
      const ofTeacher = await trainMilestones(teacherTraining(TEACHER, dataset), join(dir, 'teacher'));
      assert.deepEqual(ofTeacher.map(({ images, iterations }) => [images, iterations]), [[8, 1], [16, 2]]); // prettier-ignore
      const teacher = await loadTeacher(ofTeacher[1].file);
      const training = await armTraining(STUDY, ARM, teacher, dataset);
      const whole = await trainMilestones(training, join(dir, 'whole'));
      assert.deepEqual(whole.map(({ images }) => images), [8, 24]); // prettier-ignore
      assert.equal(whole[1].engine.engine, 'eager');
      assert.deepEqual(whole[1].history.map(({ images }) => images), [16, 24]); // prettier-ignore
      assert.equal(whole[1].madeBy.length, 1);

      const parts = join(dir, 'parts');
      for (const at of [8, 16]) {
        const stop = new AbortController();
        const kept = await trainMilestones(training, parts, {
          signal: stop.signal,
          onReport: ({ images }) => {
            if (images === at) stop.abort();
          },
        });
        assert.deepEqual(kept.map(({ images }) => images), [8]); // prettier-ignore
      }
      const resumed = await trainMilestones(training, parts);
      assert.deepEqual(await weightsOf(resumed), await weightsOf(whole));
      assert.deepEqual(await milestonesIn(parts, training), resumed);

      const { sampler, times, ...model } = await loadModel(whole[1].file);
      assert.equal(sampler, 'multistep');
      const { data } = await sampleMultistep({ ...model, seeds: [0, 1], times: times![2] });
      assert.ok(data.every(Number.isFinite));

      const real = { train: dataset, others: noiseImages(40), extractor: pixelFeatures({ side: 2 }) };
      const measuring = { steps: [1, 2], metrics: ['fd'], n: 10, blocks: 2 };
      const points = await measureMilestones(whole, ARM, real, measuring, join(dir, 'measured'));
      assert.deepEqual(points.map(({ images: at, steps }) => [at, steps]), [[8, 1], [8, 2], [24, 1], [24, 2]]); // prettier-ignore
      for (const { results, madeBy } of points) {
        assert.equal(results[0].blocks.length, 2);
        assert.ok(results[0].value > 0 && results[0].floor! > 0);
        assert.equal(madeBy!.length, 3); // who trained it, who looked at the images, who measured
      }
      const again = await measureMilestones(whole, ARM, real, measuring, join(dir, 'measured'));
      assert.deepEqual(again, points);
      const [ofTeacherPoint] = await measureMilestones(
        ofTeacher.slice(1),
        { series: 'teacher', seed: 0 },
        real,
        { ...measuring, steps: [3] },
        join(dir, 'measured'),
      );
      assert.equal(ofTeacherPoint.steps, 3);

      const how = { steps: [2], searchN: 10, n: 10, blocks: 2 };
      const [found] = await searchMilestone(whole[1], ARM, real, how, join(dir, 'measured'));
      assert.ok(found.times.length === 2 && found.times[0] > found.times[1]);
      const tried = found.landscape.map(({ value }) => value);
      const best = found.landscape.find(entry => entry.times.join() === found.times.join())!;
      assert.equal(best.value, Math.min(...tried));
      assert.ok(new Set(tried).size > 5 && found.result.blocks.length === 2);
      assert.deepEqual(await searchMilestone(whole[1], ARM, real, how, join(dir, 'measured')), [found]);
      tf.dispose([model.parameters, teacher.parameters]);
      assert.equal(tf.memory().numTensors, before);
    }));

  test('a checkpoint that has passed a milestone which is gone is set aside, and the training begins anew', () =>
    withFolder(async dir => {
      await selectBackend({ backend: 'wasm' });
      const training = teacherTraining(TEACHER, dataset);
      const [first, second] = await weightsOf(await trainMilestones(training, dir));
      for (const name of await readdir(dir)) if (name.startsWith('000000008')) await rm(join(dir, name));
      assert.deepEqual(await weightsOf(await trainMilestones(training, dir)), [first, second]);
      assert.ok((await readdir(dir)).includes('run.damaged'));
    }));

  test('one call from real images: near the floor where there is hardly any noise, blurred by a teacher from noise alone', () =>
    withFolder(async dir => {
      await selectBackend({ backend: 'wasm' });
      const before = tf.memory().numTensors;
      const extractor = await loadFeatures('digits');
      const real = {
        train: subset(digits(), indexRange(600)),
        others: digits({ split: 'test' }),
        extractor,
      };
      const network = { file: await modelFile('digits'), images: 0, seconds: 0, madeBy: [] };
      const about = { series: 'teacher', seed: 0 };
      assert.ok(ONE_CALL_TIMES.every((t, i) => i === 0 || t > ONE_CALL_TIMES[i - 1]));
      const how = { times: [0.01, ONE_CALL_TIMES[ONE_CALL_TIMES.length - 1]], n: 300 };
      const seen: number[] = [];
      const onProgress = (_: string, done: number): void => void seen.push(done);
      const points = await measureOneCall(network, about, real, how, dir, { onProgress });
      const [near, far] = points.map(({ result }) => result);
      assert.ok(Math.abs(near.value - near.floor!) < 0.02 * near.floor!, `${near.value}, floor ${near.floor}`);
      assert.ok(far.value > 3 * far.floor!, `${far.value}, floor ${far.floor}`);
      assert.deepEqual(points.map(({ t, series }) => [t, series]), [[0.01, 'teacher'], [80, 'teacher']]); // prettier-ignore
      assert.deepEqual(seen, [1, 2]);
      assert.deepEqual(await measureOneCall(network, about, real, how, dir), points);
      const stopped = { signal: AbortSignal.abort(new Error('stopped')) };
      await assert.rejects(measureOneCall(network, about, real, { ...how, n: 301 }, dir, stopped), /stopped/);
      await extractor.dispose();
      assert.equal(tf.memory().numTensors, before);
    }));

  test('milestones must be multiples of the batch, said before any work', () =>
    withFolder(async dir => {
      await selectBackend({ backend: 'wasm' });
      const training = { ...teacherTraining(TEACHER, dataset), keepAt: [8, 20] };
      await assert.rejects(trainMilestones(training, dir), /keepAt.*multiples of the batch 8.*20/s);
      assert.deepEqual(await milestonesIn(dir, training), []);
    }));
});
