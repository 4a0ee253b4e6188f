import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { loadTeacher } from '../../src/models';
import type { Model } from '../../src/networks';
import { armTraining, LONG_STUDIES, type LongStudy, type LongStudyName, studyFolder } from '../../src/studies';
import { noiseData } from '../tiny';

const dataset = noiseData([16, 16, 1], 10, 256);

const withTeacher = async (use: (teacher: Model) => Promise<void>): Promise<void> => {
  await selectBackend({ backend: 'wasm' });
  const teacher = await loadTeacher('digits');
  await use(teacher).finally(() => tf.dispose(teacher.parameters));
};

/** What an arm's training depends on. */
const dependsOf = async (name: LongStudyName, arm: string, teacher: Model): Promise<object> => {
  const study: LongStudy = LONG_STUDIES[name];
  return (await armTraining(study, study.arms[arm], teacher, dataset)).depends;
};

describe('the table of long studies', () => {
  test('arms of one name are the same training in studies that share a folder', () =>
    withTeacher(async teacher => {
      const names = Object.keys(LONG_STUDIES) as LongStudyName[];
      let shared = 0;
      for (const name of names)
        for (const other of names.filter(one => one > name && studyFolder(one) === studyFolder(name)))
          for (const arm of Object.keys(LONG_STUDIES[name].arms).filter(one => one in LONG_STUDIES[other].arms)) {
            assert.deepEqual(await dependsOf(name, arm, teacher), await dependsOf(other, arm, teacher), arm);
            shared++;
          }
      assert.equal(shared, 6);
    }));

  test('a changed setting is one, and is in what its training depends on and in what it runs', () =>
    withTeacher(async teacher => {
      type Depends = Record<'method' | 'run', Readonly<Record<string, unknown>>>;
      const ofArm = async (arm: string) => (await dependsOf('settings', arm, teacher)) as Depends;
      const study: LongStudy = LONG_STUDIES.settings;
      const changed = Object.entries(study.arms).filter(([, { series }]) => series !== 'CoSIM');
      assert.ok(changed.length > 0);
      for (const [arm, { series, seed }] of changed) {
        const [own, unchanged] = [await ofArm(arm), await ofArm(`coef1-seed${seed}`)];
        assert.deepEqual({ ...own, method: 0, run: 0 }, { ...unchanged, method: 0, run: 0 });
        const [all, before] = [own, unchanged].map(({ method, run }) => ({ ...method, ...run }));
        const [option, ...more] = Object.keys(all).filter(key => all[key] !== before[key]);
        assert.deepEqual(more, []);
        assert.equal(all[option], Number(series.split(' ').at(-1)), `${series} says ${option}`);
        const run = (await armTraining(study, study.arms[arm], teacher, dataset, { engine: 'eager' })).begin();
        const running: Readonly<Record<string, unknown>> = { ...run.method.config, ...run.options };
        assert.equal(running[option], all[option]);
        run.dispose();
      }
    }));
});
