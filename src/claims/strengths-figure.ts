/* Table 6's shape: which strength of the regularisation leads, and when, in the paper and here. */
import { type ChartSpec, collectMadeBy, curvePanels, type ResultsProvenance, type SeedPoint } from '../figures';
import { type LiteratureRow, literatureRows } from './literature';
import { resultRows } from './result-rows';
import type { StoredResult, StoredResults } from './stored-results';

/** Distance of one strength after so many training images, and as a share of the mean of all three. */
type StrengthRow = { where: string; coef: number; images: number; seed: number; value: number; ratio: number };

/** The strengths of Table 6. */
const STRENGTHS = [0.5, 0.75, 1];

/** Results of trainings that were measured at several numbers of images, in each of the strengths. */
const MEASURED = {
  '03_points': 'Here: checkerboard',
  '03_images': 'Here: drawn digits',
};

const PAPER = 'The paper: ImageNet-512, CoSIM-L';

type Distance = Omit<StrengthRow, 'where' | 'ratio'>;

/** Against the geometric mean of the strengths at the same images and training seed; places without all of them are left out. */
const relative = <T extends Distance>(where: string, distances: readonly T[]): (T & StrengthRow)[] => {
  const own = distances.filter(({ coef }) => STRENGTHS.includes(coef));
  const beside = ({ images, seed }: Distance): Distance[] =>
    own.filter(other => other.images === images && other.seed === seed);
  return own
    .filter(row => beside(row).length === STRENGTHS.length)
    .map(row => {
      const mean = Math.exp(beside(row).reduce((sum, { value }) => sum + Math.log(value), 0) / STRENGTHS.length);
      return { ...row, where, ratio: row.value / mean };
    });
};

const ofPaper = (literature: readonly LiteratureRow[]): StrengthRow[] =>
  relative(
    PAPER,
    literatureRows(literature, { table: 6 }).map(({ coef = 0, images = 0, value }) => ({
      coef,
      images,
      value,
      seed: 0,
    })),
  );

const ofResult = ({ name, numbers, provenance }: StoredResult): StrengthRow[] =>
  relative(
    MEASURED[name as keyof typeof MEASURED],
    resultRows(numbers).map(({ coef = 0, images = 0, seed, value, madeBy = [] }) => ({
      coef,
      images,
      seed,
      value,
      madeBy: madeBy.flatMap(place => provenance.madeBy?.[place] ?? []),
    })),
  );

/** Its name among the stored figures. */
export const STRENGTHS_FIGURE = 'table_6';

/** The figure, the numbers behind it, and what made them: as `saveFigure` takes them. */
export type StrengthsFigure = {
  title: string;
  chart: ChartSpec;
  numbers: unknown;
  provenance: ResultsProvenance;
};

/** Table 6's shape from stored results and the paper's numbers; undefined where no result has the strengths. */
export const strengthsFigure = (
  results: StoredResults,
  literature: readonly LiteratureRow[],
): StrengthsFigure | undefined => {
  const found = Object.keys(MEASURED).flatMap(name => results.get(name) ?? []);
  const ours = found.map(ofResult).filter(rows => rows.length > 0);
  if (ours.length === 0) return undefined;
  const groups = [ofPaper(literature), ...ours];
  const title = 'The strength of the regularisation over the training';
  const pointsOf = (rows: readonly StrengthRow[]): SeedPoint[] =>
    rows.map(({ coef, images, seed, ratio }) => ({ series: `coef ${coef}`, x: images, seed, value: ratio }));
  const chart = curvePanels({
    title,
    subtitle: 'Distance over the geometric mean of the three: below 1 is ahead at that time. Band: range over seeds',
    panels: groups.map(rows => ({
      title: rows[0].where,
      points: pointsOf(rows),
      x: { title: 'training images', log: true },
      y: { title: 'distance / mean', log: true },
      floor: { value: 1, label: 'mean' },
    })),
    width: 300,
  });
  const { numbers, madeBy, unknown } = collectMadeBy(groups.flat());
  const [{ provenance }] = found;
  const seeds = [...new Set(ours.flat().map(({ seed }) => seed))];
  return {
    title,
    chart,
    numbers,
    provenance: { preset: provenance.preset, seeds, madeBy, ...(unknown && { unknownRows: true }) },
  };
};
