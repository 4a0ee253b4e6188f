/* What the figures of a long study have of it: numbers whose networks need not be here any more. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MetricResult } from '../../src/metrics';
import { type MadeBy, makerKey } from '../../src/provenance';
import type { LongStudyName, OneCallPoint, SearchedPoint, StudyPoint } from '../../src/studies';
import { root } from '../project';

const makers = new Map<string, MadeBy>();

/** The record of a maker: one for all figures that name it, so that its seconds count once where they are drawn together. */
const sharedMaker = (made: MadeBy): MadeBy => {
  const key = makerKey(made);
  const known = makers.get(key) ?? { ...made };
  makers.set(key, Object.assign(known, { seconds: Math.max(known.seconds, made.seconds) }));
  return known;
};

/** The points of a stored figure, none where there is no such figure. There the makers of a row are places in one list. */
const pointsOf = async <Point>(figure: string, path = join(root, 'figures', `${figure}.json`)): Promise<Point[]> => {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return [];
  const { numbers, provenance } = JSON.parse(text) as {
    numbers: { points: unknown };
    provenance: { madeBy: MadeBy[] };
  };
  return JSON.parse(JSON.stringify(numbers.points), (key, value: unknown) =>
    key === 'madeBy' ? (value as number[]).map(place => sharedMaker(provenance.madeBy[place])) : value,
  ) as Point[];
};

const samePoint = (a: StudyPoint, b: StudyPoint): boolean =>
  a.series === b.series && a.seed === b.seed && a.images === b.images && a.steps === b.steps;

/**
 * Every measured point of a study that its figures have.
 * @throws Error where a figure has less of one than was measured
 */
export const storedPoints = async (study: LongStudyName): Promise<StudyPoint[]> => {
  const all = [
    ...(await pointsOf<StudyPoint>(`study_${study}_curves`)),
    ...(await pointsOf<StudyPoint>(`study_${study}_quality`)),
  ];
  const whole = all.filter(point => 'results' in point); // where a series has several trainings, 'quality' has less
  const less = all.find(point => !whole.some(other => samePoint(point, other)));
  if (less)
    throw new Error(
      `figures/study_${study}_quality.json has not all of ${less.series}, seed ${less.seed}, ${less.images} images: measure all arms at once`,
    );
  return whole.filter((point, i) => whole.findIndex(other => samePoint(point, other)) === i);
};

/**
 * The points that are to be shown: those that were measured now, and of the stored ones the others.
 * @throws Error where they were measured differently
 */
export const besideStored = (stored: readonly StudyPoint[], measured: readonly StudyPoint[]): StudyPoint[] => {
  const how = ({ results: [{ n, features }] }: StudyPoint): string => `n = ${n}, ${features.name} ${features.sha256}`;
  const [before, now] = [stored, measured].map(points => [...new Set(points.map(how))].join('; '));
  if (stored.length > 0 && before !== now)
    throw new Error(
      `the figures have ${before}, measured was ${now}: measure all arms at once, without naming any and without --at`,
    );
  return [...stored.filter(old => !measured.some(point => samePoint(point, old))), ...measured];
};

/** A searched point, as its figure has it: with the whole result where it is the only training, whose blocks count then. */
export type SearchedRow = Omit<SearchedPoint, 'result'> &
  Pick<MetricResult, 'value' | 'floor' | 'n' | 'nReference' | 'blocks'> & {
    grid: 'searched';
    results?: readonly MetricResult[];
  };

export const searchedRows = (points: readonly SearchedPoint[]): SearchedRow[] => {
  const several = new Set(points.map(({ seed }) => seed)).size > 1;
  return points.map(({ result, ...point }) => {
    const { value, floor, n, nReference, blocks } = result;
    const row = { ...point, grid: 'searched' as const, value, floor, n, nReference, blocks };
    return several ? row : { ...row, results: [result] };
  });
};

/** The searched points of a study. */
export const storedSearched = async (study: LongStudyName): Promise<SearchedRow[]> =>
  (await pointsOf<SearchedRow>(`study_${study}_searched`)).filter(({ grid }) => grid === 'searched');

/** The points of one call of a study. */
export const storedCalls = (study: LongStudyName): Promise<OneCallPoint[]> =>
  pointsOf<OneCallPoint>(`study_${study}_one_call`);

/** A training's end as `study_*_quality` has it where a series has several. */
export type EndRow = Pick<StudyPoint, 'series' | 'coef' | 'seed' | 'images' | 'steps' | 'trainingSeconds' | 'madeBy'> &
  Pick<MetricResult, 'value' | 'floor' | 'n' | 'nReference' | 'blocks'>;

/**
 * CoSIM's ends of a study, or those that another machine's `study_*_quality.json` has.
 * @throws Error where there are none
 */
export const storedEnds = async (study: LongStudyName, path?: string): Promise<EndRow[]> => {
  const rows = await pointsOf<EndRow>(`study_${study}_quality`, path);
  const ends = rows.filter(({ series, value }) => series === 'CoSIM' && value !== undefined);
  if (ends.length === 0) throw new Error(`${path ?? 'figures'} has no ends of several trainings of CoSIM`);
  return ends;
};
