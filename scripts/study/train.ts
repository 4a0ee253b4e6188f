/* The trainings of a long study, one after the other, each going on where it was stopped. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs-core';
import type { Dataset } from '../../src/datasets';
import { loadTeacher, teacherFile } from '../../src/models';
import { ddpmpp, edmDenoiser, initialParameters, type Model } from '../../src/networks';
import {
  armTraining,
  LONG_STUDIES,
  type LongStudy,
  type LongStudyName,
  milestonesIn,
  type MilestoneTraining,
  teacherTraining,
  type TeacherTraining,
  trainMilestones,
} from '../../src/studies';
import type { IterationReport, RunOptions } from '../../src/training';
import { trainingData } from './data';

/** What computes: no result depends on it but in rounding. */
export type Overrides = Pick<Partial<RunOptions>, 'engine' | 'precision' | 'devices' | 'workers'>;

/** What `trainStudy` needs. */
export type TrainStudy = {
  name: LongStudyName;
  /** Names of arms, or 'teacher'; in this order. */
  wanted: readonly string[];
  train: Dataset;
  /** Folder of the study. */
  out: string;
  overrides: Overrides;
  /** Trains generators to this many images at most. */
  to: number;
  /** Waits for the teacher that another process trains, instead of training it. */
  awaitTeacher: boolean;
  signal: AbortSignal;
  onReport: (stage: string, report: IterationReport, total: number) => void;
};

/** The file of a study's teacher in full: undefined while it is not there. */
export const studyTeacherFile = async (
  name: LongStudyName,
  train: Dataset,
  out: string,
): Promise<string | undefined> => {
  const { teacher }: LongStudy = LONG_STUDIES[name];
  if (typeof teacher === 'string') return teacherFile(teacher);
  const training = teacherTraining(teacher, trainingData(name, train));
  const last = training.keepAt[training.keepAt.length - 1];
  const kept = await milestonesIn(join(out, 'teacher'), training);
  return kept.find(({ images }) => images === last)?.file;
};

const withOverrides = (teacher: Exclude<LongStudy['teacher'], string>, overrides: Overrides, dataset: Dataset) => {
  const training = teacherTraining(teacher, dataset);
  const begin = teacherTraining({ ...teacher, run: { ...teacher.run, ...overrides } }, dataset).begin;
  return { ...training, begin }; // what it depends on says nothing of what computes it
};

/** Trains what is wanted. @throws the signal's reason where it was stopped */
export const trainStudy = async (given: TrainStudy): Promise<void> => {
  const { name, wanted, train, out, overrides, to, awaitTeacher, signal, onReport } = given;
  const study: LongStudy = LONG_STUDIES[name];
  const dataset = trainingData(name, train);
  const trained = async (stage: string, training: MilestoneTraining): Promise<void> => {
    const total = training.keepAt[training.keepAt.length - 1];
    await trainMilestones(training, join(out, stage), { signal, onReport: report => onReport(stage, report, total) });
    signal.throwIfAborted();
  };
  if (typeof study.teacher !== 'string' && !awaitTeacher)
    await trained('teacher', withOverrides(study.teacher, overrides, dataset));
  const arms = wanted.filter(arm => arm !== 'teacher');
  if (arms.length === 0) return;
  let file = await studyTeacherFile(name, train, out);
  while (file === undefined || !existsSync(file)) {
    await sleep(500, undefined, { signal });
    file = await studyTeacherFile(name, train, out);
  }
  const teacher: Model = await loadTeacher(file);
  try {
    for (const arm of arms) {
      const { keepAt, ...training } = await armTraining(study, study.arms[arm], teacher, dataset, overrides);
      await trained(arm, { ...training, keepAt: keepAt.filter(images => images <= to) });
    }
  } finally {
    tf.dispose(teacher.parameters);
  }
};

/** Compiles the programs of arms and leaves them in the cache, from an untrained teacher where none is shipped. */
export const compileArms = async ({
  name,
  wanted,
  train,
  overrides,
  onCompile,
}: Pick<TrainStudy, 'name' | 'wanted' | 'train' | 'overrides'> & {
  onCompile: (arm: string, seconds: number) => void;
}): Promise<void> => {
  const study: LongStudy = LONG_STUDIES[name];
  const dataset = trainingData(name, train);
  const { teacher } = study;
  const untrained = (network: TeacherTraining['network']): Model => {
    const denoiser = edmDenoiser(ddpmpp(network));
    return { denoiser, parameters: initialParameters(denoiser.parameters, 0) };
  };
  const model = typeof teacher === 'string' ? await loadTeacher(teacher) : untrained(teacher.network);
  try {
    for (const arm of wanted.filter(one => one !== 'teacher')) {
      const run = (await armTraining(study, study.arms[arm], model, dataset, overrides)).begin();
      const began = performance.now();
      await run.train({ images: run.options.batch });
      run.dispose();
      onCompile(arm, (performance.now() - began) / 1000);
    }
  } finally {
    tf.dispose(model.parameters);
  }
};
