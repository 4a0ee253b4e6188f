/* What the figures of a long study have of it: numbers whose networks need not be here any more. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MetricResult } from '../../src/metrics';
import type { MadeBy } from '../../src/provenance';
import type { LongStudyName, SearchedPoint, StudyPoint } from '../../src/studies';
import { root } from '../project';

/** The points of a stored figure, none where there is no such figure. There the makers of a row are places in one list. */
const pointsOf = async <Point>(figure: string): Promise<Point[]> => {
  const text = await readFile(join(root, 'figures', `${figure}.json`), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return [];
  const { numbers, provenance } = JSON.parse(text) as {
    numbers: { points: unknown };
    provenance: { madeBy: MadeBy[] };
  };
  return JSON.parse(JSON.stringify(numbers.points), (key, value: unknown) =>
    key === 'madeBy' ? (value as number[]).map(place => provenance.madeBy[place]) : value,
  ) as Point[];
};

export const samePoint = (a: StudyPoint, b: StudyPoint): boolean =>
  a.series === b.series && a.seed === b.seed && a.images === b.images && a.steps === b.steps;

/** Every measured point of a study that its figures have in full. */
export const storedPoints = async (study: LongStudyName): Promise<StudyPoint[]> => {
  const all = [
    ...(await pointsOf<StudyPoint>(`study_${study}_curves`)),
    ...(await pointsOf<StudyPoint>(`study_${study}_quality`)),
  ].filter(point => 'results' in point); // where there are several trainings, 'quality' has their means alone
  return all.filter((point, i) => all.findIndex(other => samePoint(point, other)) === i);
};

/** A searched point, as its figure has it. */
export type SearchedRow = Omit<SearchedPoint, 'result'> &
  Pick<MetricResult, 'value' | 'floor' | 'n' | 'nReference' | 'blocks'> & { grid: 'searched' };

export const searchedRow = ({ result, ...point }: SearchedPoint): SearchedRow => {
  const { value, floor, n, nReference, blocks } = result;
  return { ...point, grid: 'searched', value, floor, n, nReference, blocks };
};

/** The searched points of a study. */
export const storedSearched = async (study: LongStudyName): Promise<SearchedRow[]> =>
  (await pointsOf<SearchedRow>(`study_${study}_searched`)).filter(({ grid }) => grid === 'searched');
