/* The figures of a long study: samples, quality in so many steps, and how it grows with the training images. */
import * as tf from '@tensorflow/tfjs-core';
import { mean } from 'd3';
import type { Samples } from '../../src/compute/host-arrays';
import { indexRange, readSamples } from '../../src/datasets';
import { SAMPLING_TIMES, type SamplingTimes } from '../../src/diffusion';
import { curvePanels, curvesWithSpread, dotPanels, imageGrid } from '../../src/figures';
import type { MetricResult } from '../../src/metrics';
import { type GeneratorName, GENERATORS, loadModel } from '../../src/models';
import type { MadeBy } from '../../src/provenance';
import {
  keepFigure,
  LONG_STUDIES,
  type LongStudy,
  type LongStudyName,
  type OneCallPoint,
  studySampler,
  type StudyPoint,
} from '../../src/studies';
import type { StudyData } from './data';
import { keptArms } from './measure';
import type { EndRow, SearchedRow } from './stored';

const TITLES: Readonly<Record<LongStudyName, string>> = {
  cifar10: 'CIFAR-10 at 16 × 16',
  digits: 'Drawn digits',
  settings: 'Drawn digits, one setting changed',
};

const COLUMNS = 14;
const FIRST_SEED = 2 ** 20; // apart from the measured ones
const TEACHER_NFE = 35;

const distanceOf = ({ results }: StudyPoint): MetricResult => results.find(({ metric }) => metric === 'fd')!;

/** CoSIM first, then its other strengths and settings, then other methods; the teacher last. */
const rankOf = ({ series }: Pick<StudyPoint, 'series'>): number =>
  series === 'CoSIM' ? 0 : series.startsWith('CoSIM') ? 1 : series === 'teacher' ? 3 : 2;

const stepsText = (steps: number): string => `${steps} step${steps === 1 ? '' : 's'}`;

/** Of each series what was trained longest by every one of its seeds. */
const atTheEnd = (points: readonly StudyPoint[]): StudyPoint[] => {
  const series = [...new Set(points.map(point => point.series))];
  return series.flatMap(name => {
    const own = points.filter(point => point.series === name);
    const seeds = [...new Set(own.map(({ seed }) => seed))];
    const common = [...new Set(own.map(({ images }) => images))].filter(images =>
      seeds.every(seed => own.some(point => point.seed === seed && point.images === images)),
    );
    return own.filter(({ images }) => images === Math.max(...common));
  });
};

/** As they are stored: one value a training where there are several of a kind, else its blocks. */
const numbersOf = (points: readonly StudyPoint[]): object[] =>
  points.map(point => {
    const several = points.some(other => other.series === point.series && other.seed !== point.seed);
    if (!several) return point;
    const { series, coef, seed, images, steps, trainingSeconds, madeBy } = point;
    const { value, floor, n, nReference, blocks } = distanceOf(point);
    return { series, coef, seed, images, steps, trainingSeconds, value, floor, n, nReference, blocks, madeBy };
  });

/** What the dots of some points are, each with its values on blocks of samples, and the lines through them. */
const rangeText = (
  points: readonly (Pick<StudyPoint, 'series' | 'seed'> & { blocks: readonly number[] })[],
): string => {
  const seedsOf = (name: string) => new Set(points.filter(({ series }) => series === name).map(({ seed }) => seed));
  const trainings = Math.max(...points.map(({ series }) => seedsOf(series).size));
  const blocks = Math.max(...points.map(point => point.blocks.length));
  const range = `${trainings > 1 ? `up to ${trainings} trainings and ` : ''}up to ${blocks} blocks of samples`;
  return `dots: mean, lines: range over ${range}${trainings > 1 ? '' : ' of one training'}`;
};

/** Their series, with the training images where those differ. */
const longSeries = (points: readonly StudyPoint[]): ((point: StudyPoint) => string) => {
  const differ = new Set(points.filter(({ series }) => series !== 'teacher').map(({ images }) => images)).size > 1;
  return ({ series, images }) =>
    differ && series !== 'teacher' ? `${series}, ${images.toLocaleString('en')} images` : series;
};

const values = (points: readonly StudyPoint[], seriesOf = longSeries(points)) =>
  points.flatMap(point =>
    distanceOf(point).blocks.map((value, block) => ({
      series: seriesOf(point),
      category: point.steps,
      seed: 1000 * point.seed + block,
      value,
    })),
  );

type SheetRow = [label: string, images: Samples];

const SEEDS = indexRange(COLUMNS, FIRST_SEED);

/** The first real images, of each column's class where there are classes. */
const realRow = async ({ train }: StudyData): Promise<SheetRow> => {
  const { classes } = train;
  const { labels } = await train.batch(indexRange(100 * Math.max(1, classes)));
  const ofClass = (label: number): number[] => [...labels.keys()].filter(i => labels[i] === label);
  const chosen = classes > 0 ? SEEDS.map((_, i) => ofClass(i % classes)[Math.floor(i / classes)]) : indexRange(COLUMNS);
  return ['real images', await readSamples(train, chosen)];
};

/** A row from the noises that all sheets have, at a network's own times or at `times`. */
const drawnRow = async (label: string, file: string, steps: number, times?: SamplingTimes): Promise<SheetRow> => {
  const model = await loadModel(file);
  const { classes } = model.denoiser;
  const labels = classes > 0 ? { labels: SEEDS.map((_, i) => i % classes) } : {};
  try {
    const { draw } = studySampler(times === undefined ? model : { ...model, times }, steps);
    return [label, await draw({ seeds: SEEDS, ...labels })];
  } finally {
    tf.dispose(model.parameters);
  }
};

const sheetOf = (rows: readonly SheetRow[], what: string, { train: { classes } }: StudyData) =>
  imageGrid({
    images: rows.map(([, images]) => images),
    scale: 5,
    rowLabels: rows.map(([label]) => label),
    ...(classes > 0 && { columnLabels: SEEDS.map((_, i) => String(i % classes)) }),
    title: `${what}, one noise${classes > 0 ? ' and label' : ''} a column`,
  });

/** What is kept with a sheet: whose trainings it shows, and what made them. */
const making = (name: LongStudyName, trainings: readonly { seed: number }[], madeBy: readonly MadeBy[]) => ({
  preset: 'laptop',
  seeds: [...new Set(trainings.map(({ seed }) => seed))],
  dataset: TITLES[name],
  madeBy,
});

/** Draws samples of the last milestone of each training, as figures/study_NAME_samples. */
export const drawSamples = async (name: LongStudyName, data: StudyData, out: string): Promise<void> => {
  const { arms, teacherFile } = await keptArms(name, data, out);
  const rows = [await realRow(data), await drawnRow(`teacher, NFE ${TEACHER_NFE}`, teacherFile, TEACHER_NFE)];
  const madeBy = [];
  const trained = arms.filter(({ milestones }) => milestones.length > 0);
  const first = trained.filter((arm, i) => trained.findIndex(({ series }) => series === arm.series) === i);
  for (const { series, steps, milestones } of [...first].sort((a, b) => rankOf(a) - rankOf(b))) {
    const last = milestones[milestones.length - 1];
    madeBy.push(...last.madeBy);
    for (const K of series === 'CoSIM' ? [1, 2, 4] : [Math.min(4, Math.max(...steps))])
      rows.push(await drawnRow(`${series}, ${stepsText(K)}`, last.file, K));
  }
  const sheet = await sheetOf(rows, `${TITLES[name]}: below the real images`, data);
  await keepFigure(`study_${name}_samples`, sheet, { seeds: SEEDS }, making(name, first, madeBy));
};

/** Draws samples of the shipped generator at both its times, as figures/study_NAME_searched_samples. */
export const drawShipped = async (
  name: LongStudyName,
  data: StudyData,
  file: string,
  searched: readonly SearchedRow[],
): Promise<void> => {
  const rows = [await realRow(data), await drawnRow('1 step', file, 1)];
  for (const { steps } of searched) {
    rows.push(await drawnRow(`${stepsText(steps)}, published times`, file, steps, SAMPLING_TIMES));
    rows.push(await drawnRow(`${stepsText(steps)}, searched times`, file, steps));
  }
  const sheet = await sheetOf(rows, `${TITLES[name]}: the shipped generator`, data);
  const madeBy = searched.flatMap(({ madeBy: makers }) => makers ?? []);
  await keepFigure(`study_${name}_searched_samples`, sheet, { seeds: SEEDS }, making(name, searched, madeBy));
};

/** Draws the shipped generator of a study whose teacher is shipped too, as figures/generator_NAME: the same noises, in 1, 2 and 4 steps. */
export const drawGenerator = async (
  study: LongStudyName,
  name: GeneratorName,
  data: StudyData,
  madeBy: readonly MadeBy[],
): Promise<void> => {
  const { teacher, arms }: LongStudy = LONG_STUDIES[study];
  if (typeof teacher !== 'string') return;
  const rows = [await drawnRow(`teacher, NFE ${TEACHER_NFE}`, teacher, TEACHER_NFE)];
  for (const steps of [1, 2, 4]) rows.push(await drawnRow(`CoSIM, ${stepsText(steps)}`, name, steps));
  const sheet = await sheetOf(rows, 'The shipped generator', data);
  const numbers = { seeds: SEEDS, rows: rows.map(([label]) => label) };
  await keepFigure(`generator_${name}`, sheet, numbers, making(study, [arms[GENERATORS[name].arm]], madeBy));
};

/** Draws what was measured, as figures/study_NAME_*. */
export const drawStudy = async (name: LongStudyName, measured: readonly StudyPoint[]): Promise<void> => {
  const points = [...measured].sort((a, b) => rankOf(a) - rankOf(b) || a.steps - b.steps || a.seed - b.seed);
  const title = TITLES[name];
  const trained = points.filter(({ series }) => series !== 'teacher');
  const keep = { preset: 'laptop', seeds: [...new Set(trained.map(({ seed }) => seed))], dataset: title };
  const { n, nReference, features } = distanceOf(points[0]);
  const metric = `Fréchet distance (${features.name})`;
  const floors = points.flatMap(point => distanceOf(point).floor ?? []);
  const floor = { value: mean(floors)!, label: 'real vs real' };
  const against = `n = ${n} against ${nReference} real images`;
  const curvesText = `${against}; line: mean, band: range over training seeds, dots: one training each`;

  const ends = atTheEnd(points);
  const quality = dotPanels({
    title: `${title}: quality per network evaluation`,
    subtitle: `${against}; ${rangeText(ends.map(point => ({ ...point, blocks: distanceOf(point).blocks })))}`,
    panels: [
      {
        title: '',
        values: values(ends),
        metric,
        category: 'network evaluations per sample (NFE)',
        log: true,
        reference: floor,
      },
    ],
  });
  await keepFigure(`study_${name}_quality`, quality, { points: numbersOf(ends) }, keep);

  const teachers = ends.filter(({ series }) => series === 'teacher').map(point => distanceOf(point).value);
  const teacher = teachers.length > 0 ? { value: Math.min(...teachers), label: 'teacher, best NFE' } : undefined;
  const series = [...new Set(trained.map(point => point.series))];
  const heights = [...trained.map(point => distanceOf(point).value), floor.value, ...teachers];
  const domain = [Math.min(...heights) / 1.1, Math.max(...heights) * 1.1] as const;
  const counts = trained.map(({ images }) => images);
  if (new Set(counts).size < 2) return; // no curve yet
  const curves = curvePanels({
    title: `${title}: quality as training goes on`,
    subtitle: curvesText,
    columns: 2,
    width: 340,
    panels: series.map(one => ({
      title: one,
      points: trained
        .filter(point => point.series === one)
        .map(point => ({
          series: stepsText(point.steps),
          x: point.images,
          seed: point.seed,
          value: distanceOf(point).value,
        })),
      x: { title: 'training images', log: true, domain: [Math.min(...counts) / 1.12, Math.max(...counts) * 1.12] },
      y: { title: metric, log: true, domain },
      floor,
      ...(teacher && { teacher }),
    })),
  });
  await keepFigure(`study_${name}_curves`, curves, { points: trained }, keep);

  const ofStrength = ({ series, coef }: StudyPoint) => series === 'CoSIM' || series === `CoSIM, coef ${coef}`;
  const strengths = trained.filter(point => ofStrength(point) && point.steps === 2);
  if (new Set(strengths.map(({ coef }) => coef)).size < 2) return;
  const ablation = curvesWithSpread({
    title: `${title}: strengths of regularisation, two steps`,
    subtitle: curvesText,
    points: [...strengths]
      .sort((a, b) => a.coef! - b.coef!)
      .map(point => ({
        series: `coef ${point.coef}`,
        x: point.images,
        seed: point.seed,
        value: distanceOf(point).value,
      })),
    x: { title: 'training images', log: true },
    y: { title: metric, log: true },
    floor,
    ...(teacher && { teacher }),
  });
  await keepFigure(`study_${name}_strengths`, ablation, { points: numbersOf(strengths) }, keep);
};

/** Draws how good one call from real images is at each noise level, as figures/study_NAME_one_call. */
export const drawOneCalls = async (name: LongStudyName, points: readonly OneCallPoint[]): Promise<void> => {
  const { floor, n, nReference, features } = points[0].result;
  const chart = curvesWithSpread({
    title: `${TITLES[name]}: one call at each noise level`,
    subtitle: `from ${n} real images with noise, against ${nReference} others; band: range over training seeds`,
    points: points.map(({ series, seed, images, t, result }) => ({
      series: series === 'teacher' ? series : `${series}, ${images.toLocaleString('en')} images`,
      x: t,
      seed,
      value: result.value,
    })),
    x: { title: 'noise level t', log: true },
    y: { title: `Fréchet distance (${features.name})`, log: true },
    floor: { value: floor!, label: 'real vs real' },
  });
  const seeds = [...new Set(points.map(({ seed }) => seed))];
  await keepFigure(`study_${name}_one_call`, chart, { points }, { preset: 'laptop', seeds, dataset: TITLES[name] });
};

/** Draws what searched times are worth beside the published ones and other methods, as figures/study_NAME_searched. */
export const drawSearched = async (
  name: LongStudyName,
  searched: readonly SearchedRow[],
  measured: readonly StudyPoint[],
): Promise<void> => {
  const ends = atTheEnd(measured.filter(({ coef = 1 }) => coef === 1));
  const { n, nReference, floor } = searched[0];
  const dots = (points: readonly (Pick<StudyPoint, 'series' | 'steps' | 'seed'> & { blocks: readonly number[] })[]) =>
    points.flatMap(({ series, steps, seed, blocks }) =>
      blocks.map((value, block) => ({ series, category: steps, seed: 1000 * seed + block, value })),
    );
  const renamed = ends.map(point => ({
    ...point,
    series: rankOf(point) < 2 ? `${point.series}, published times` : point.series,
  }));
  const shown = renamed.map(point => ({ ...point, blocks: distanceOf(point).blocks }));
  const chart = dotPanels({
    title: `${TITLES[name]}: searched sampling times`,
    subtitle: `n = ${n} against ${nReference} real images; ${rangeText([...shown, ...searched])}`,
    panels: [
      {
        title: '',
        values: [
          ...dots(shown),
          ...dots(searched.map(point => ({ ...point, series: `${point.series}, searched times` }))),
        ].sort((a, b) => a.category - b.category),
        metric: `Fréchet distance (${distanceOf(ends[0]).features.name})`,
        category: 'network evaluations per sample (NFE)',
        log: true,
        reference: { value: floor!, label: 'real vs real' },
      },
    ],
  });
  const seeds = [...new Set(searched.map(({ seed }) => seed))];
  const kept = { points: [...numbersOf(renamed), ...searched] };
  await keepFigure(`study_${name}_searched`, chart, kept, { preset: 'laptop', seeds, dataset: TITLES[name] });
};

/** What trained: 'onnx', 'xla on NVIDIA H200'. */
const trainedOn = ({ madeBy = [] }: EndRow): string => madeBy[0]?.engine.replace(/^\w+, /, '') ?? 'unknown';

/** Draws the ends of the same trainings on two machines, as figures/study_NAME_beside. */
export const drawBeside = async (name: LongStudyName, groups: readonly (readonly EndRow[])[]): Promise<void> => {
  const rows = groups.flatMap(group => group.map(row => ({ ...row, series: trainedOn(row) })));
  const [{ n, nReference, floor, images }] = rows;
  const chart = dotPanels({
    title: `${TITLES[name]}: the same trainings on two engines`,
    subtitle: `${images.toLocaleString('en')} images; n = ${n} against ${nReference} real images; dots: mean, lines: range over training seeds`,
    panels: [
      {
        title: '',
        values: rows.map(({ series, steps, seed, value }) => ({ series, category: steps, seed, value })),
        metric: 'Fréchet distance',
        category: 'network evaluations per sample (NFE)',
        log: true,
        reference: { value: floor!, label: 'real vs real' },
      },
    ],
  });
  const seeds = [...new Set(rows.map(({ seed }) => seed))];
  await keepFigure(`study_${name}_beside`, chart, { points: rows }, { preset: 'laptop', seeds, dataset: TITLES[name] });
};
