/* Measures what a long study has trained so far. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { loadFeatures } from '../../src/evaluation';
import { loadTeacher } from '../../src/models';
import {
  armTraining,
  LONG_STUDIES,
  type LongStudy,
  type LongStudyName,
  type MeasuredNetwork,
  measureMilestones,
  measureOneCall,
  type Milestone,
  milestonesIn,
  type OneCallPoint,
  type SearchedPoint,
  searchMilestone,
  type StudyPoint,
  teacherTraining,
} from '../../src/studies';
import { type StudyData, trainingData } from './data';
import { studyTeacherFile } from './train';

/** What `measureStudy` needs. */
export type MeasureStudy = {
  name: LongStudyName;
  data: StudyData;
  /** Folder of the study. */
  out: string;
  /** Name or file of the feature network. */
  features: string;
  /** Names of arms, or 'teacher'; undefined: all that are there. */
  wanted?: readonly string[];
  /** Training images at which is measured, besides the finished teacher; undefined: all that are there. */
  at?: readonly number[];
  signal: AbortSignal;
  onProgress: (stage: string, done: number, total: number) => void;
};

/** One training of a study with what is kept of it. */
export type KeptArm = Pick<StudyPoint, 'series' | 'coef' | 'seed'> & {
  steps: readonly number[];
  milestones: Milestone[];
};

/** What is kept of a study: its teacher (none that is shipped) and its arms, all or those that are wanted. */
export const keptArms = async (
  name: LongStudyName,
  { train }: StudyData,
  out: string,
  wanted?: readonly string[],
): Promise<{ teacher: KeptArm | undefined; arms: KeptArm[]; teacherFile: string }> => {
  const study: LongStudy = LONG_STUDIES[name];
  const dataset = trainingData(name, train);
  const teacherFile = await studyTeacherFile(name, train, out);
  if (teacherFile === undefined) throw new Error(`${out} has no teacher yet: npm run study -- ${name} teacher`);
  const own =
    typeof study.teacher === 'string'
      ? undefined
      : await milestonesIn(join(out, 'teacher'), teacherTraining(study.teacher, dataset));
  const model = await loadTeacher(teacherFile);
  try {
    const arms: KeptArm[] = [];
    for (const [arm, { series, coef, seed, steps = study.measuring.steps }] of Object.entries(study.arms)) {
      if (!existsSync(join(out, arm)) || wanted?.includes(arm) === false) continue;
      const training = await armTraining(study, study.arms[arm], model, dataset);
      arms.push({ series, coef, seed, steps, milestones: await milestonesIn(join(out, arm), training) });
    }
    return {
      teacher: own && { series: 'teacher', seed: 0, steps: study.ofTeacher.steps, milestones: own },
      arms,
      teacherFile,
    };
  } finally {
    tf.dispose(model.parameters);
  }
};

/** The points of a study, or of what is wanted of it, measured now or before. @throws the signal's reason */
export const measureStudy = async (given: MeasureStudy): Promise<StudyPoint[]> => {
  const { name, data, out, features, wanted, at, signal, onProgress } = given;
  const { measuring, ofTeacher }: LongStudy = LONG_STUDIES[name];
  const { teacher, arms, teacherFile } = await keptArms(name, data, out, wanted);
  const extractor = await loadFeatures(features);
  const judged = { ...data, extractor };
  const watch = { signal, onProgress };
  const withTeacher = wanted?.includes('teacher') ?? true;
  const chosen = ({ images }: Pick<Milestone, 'images'>): boolean => at === undefined || at.includes(images);
  try {
    const points: StudyPoint[] = [];
    const images = [...new Set(arms.flatMap(arm => arm.milestones.filter(chosen).map(kept => kept.images)))];
    const teacherAlone = wanted?.every(one => one === 'teacher') ?? false;
    if (images.length === 0 && !teacherAlone) throw new Error(`${out} has no milestone to measure yet`);
    const last = Math.max(...images);
    const measure = async (at: number): Promise<void> => {
      for (const { milestones, steps, ...arm } of arms) {
        const own = milestones.filter(kept => kept.images === at);
        const isEnd = at === milestones.filter(chosen).at(-1)?.images;
        const how = { ...measuring, blocks: isEnd ? measuring.blocks : 1 };
        points.push(...(await measureMilestones(own, arm, judged, { ...how, steps }, out, watch)));
      }
    };
    await measure(last);
    const shipped = { file: teacherFile, images: 0, seconds: 0, madeBy: [] };
    const [final, ...earlier]: MeasuredNetwork[] = teacher ? [...teacher.milestones].reverse() : [shipped];
    const teachers = async (own: readonly MeasuredNetwork[]): Promise<void> => {
      const how = { ...measuring, ...ofTeacher };
      points.push(...(await measureMilestones(own, { series: 'teacher', seed: 0 }, judged, how, out, watch)));
    };
    if (withTeacher) await teachers([final]);
    for (const at of images.filter(one => one !== last).sort((a, b) => a - b)) await measure(at);
    if (withTeacher) await teachers(earlier.filter(chosen)); // last: they take the longest, and tell the least
    return points;
  } finally {
    await extractor.dispose();
  }
};

/** One call from real images at each noise level: of the finished teacher, and of what CoSIM trained. */
export const measureOneCalls = async (given: MeasureStudy): Promise<OneCallPoint[]> => {
  const { name, data, out, features, wanted, at, signal, onProgress } = given;
  const { n } = LONG_STUDIES[name].measuring;
  const { teacher, arms, teacherFile } = await keptArms(name, data, out, wanted);
  const extractor = await loadFeatures(features);
  const judged = { ...data, extractor };
  const ofImages = (stage: string, done: number, total: number): void => onProgress(stage, done * n, total * n);
  const watch = { signal, onProgress: ofImages };
  const shipped: MeasuredNetwork = { file: teacherFile, images: 0, seconds: 0, madeBy: [] };
  try {
    const final = teacher?.milestones[teacher.milestones.length - 1] ?? shipped;
    const points = await measureOneCall(final, { series: 'teacher', seed: 0 }, judged, { n }, out, watch);
    for (const { milestones, ...arm } of arms)
      for (const milestone of arm.coef === 1 ? milestones : [])
        if (at === undefined || at.includes(milestone.images))
          points.push(...(await measureOneCall(milestone, arm, judged, { n }, out, watch)));
    return points;
  } finally {
    await extractor.dispose();
  }
};

/** Samples of one try of a search. */
export const SEARCH_N = 1000;

const SEARCH = { steps: [1, 2, 4], searchN: SEARCH_N };

/** The times of CoSIM's last milestones, searched for every number of steps, and what they are worth. */
export const searchStudy = async (given: MeasureStudy): Promise<SearchedPoint[]> => {
  const { name, data, out, features, wanted, at, signal, onProgress } = given;
  const { n, blocks } = LONG_STUDIES[name].measuring;
  const { arms } = await keptArms(name, data, out, wanted);
  const extractor = await loadFeatures(features);
  const how = { ...SEARCH, n, blocks };
  try {
    const points: SearchedPoint[] = [];
    for (const { milestones, ...arm } of arms) {
      const last = milestones.filter(({ images }) => at === undefined || at.includes(images)).at(-1);
      if (arm.coef === 1 && last)
        points.push(...(await searchMilestone(last, arm, { ...data, extractor }, how, out, { signal, onProgress })));
    }
    return points;
  } finally {
    await extractor.dispose();
  }
};
