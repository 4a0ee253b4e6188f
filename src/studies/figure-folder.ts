import { extname, join, relative } from 'node:path';
import { type ChartSpec, collectMadeBy, type Figure, type Picture, renderChart, saveFigure } from '../figures';
import { beginMaking, distinctMadeBy, isStale, type MadeBy } from '../provenance';

/** Relative to the working folder: a notebook that shows the path of a figure shows no path of the machine. */
const root = (): string => relative(process.cwd(), join(__dirname, '..', '..', 'figures'));

/** Where figures of a preset go: `figures/` for `laptop`, `figures/<preset>/` for the others. */
export const figureFolder = (preset: string): string => (preset === 'laptop' ? root() : join(root(), preset));

/** Folder of cached results of one notebook. */
export const cacheFolder = (notebook: string, preset: string): string => join(figureFolder(preset), notebook, 'cache');

/** How a figure's numbers were made, as far as the rows do not say it. */
export type FigureMaking = {
  preset: string;
  seeds: readonly number[];
  /** Of the results that are shown. */
  parameters?: Readonly<Record<string, unknown>>;
  /** What made the generators that the figure shows, where its rows do not carry it. */
  madeBy?: readonly MadeBy[];
  /** Training images that were really seen, where training was stopped before its end. */
  interruptedAt?: number;
  /** The data set that was taken because the one asked for is not there. */
  fallback?: string;
} & Readonly<Record<string, unknown>>;

/** 'interrupted', 'fallback-digits': where figures go that must never take the place of a measured one. */
const asideOf = ({ interruptedAt, fallback }: FigureMaking, interrupted: boolean): string | undefined => {
  if (interrupted || interruptedAt !== undefined) return 'interrupted';
  return fallback === undefined ? undefined : `fallback-${fallback}`;
};

/** What a notebook says under a figure: of other code, of a stopped run, of other data than asked for. */
const noteOf = (
  { interruptedAt, fallback }: FigureMaking,
  { madeBy, unknown, interrupted }: { madeBy: readonly MadeBy[]; unknown: boolean; interrupted: boolean },
): string | undefined => {
  const stale = [
    ...new Set(madeBy.filter(made => isStale([made])).map(({ commit }) => commit)),
    ...(unknown ? ['unknown'] : []),
  ];
  const parts = [
    ...(stale.length > 0 ? [`computed by other code: ${stale.join(', ')}; --fresh computes it again`] : []),
    ...(interruptedAt === undefined ? [] : [`interrupted after ${interruptedAt.toLocaleString('en')} training images`]),
    ...(interrupted ? ['interrupted: not all of the study is there'] : []),
    ...(fallback === undefined ? [] : [`made with ${fallback}: the data that it is meant for are not here`]),
  ];
  return parts.length > 0 ? parts.join('; ') : undefined;
};

/**
 * Writes a notebook's figure, a picture or a chart to render, with the numbers behind it; `name` as
 * `02_quality_per_nfe`. It carries what computed its numbers, as the rows of cached results say it; numbers without were
 * computed by this process. Figures of an interrupted run and of fallback data go to a folder of their own.
 * @param interactive shown instead where Jupyter draws Vega-Lite: the same with a slider; the files keep the still picture
 */
export const keepFigure = async (
  name: string,
  drawn: Picture | ChartSpec,
  numbers: unknown,
  made: FigureMaking,
  interactive?: ChartSpec,
): Promise<Figure> => {
  const still = 'png' in drawn ? (drawn as Picture) : await renderChart(drawn);
  const picture = interactive === undefined ? still : { ...still, interactive };
  const { madeBy: others = [], ...rest } = made;
  const { numbers: plain, madeBy: ofRows, unknown, interrupted } = collectMadeBy(numbers);
  const madeBy = distinctMadeBy([...ofRows, ...others]);
  if (madeBy.length === 0 && !unknown) madeBy.push(beginMaking(join(__dirname, `index${extname(__filename)}`))());
  const folder = join(...[figureFolder(made.preset), asideOf(made, interrupted)].filter(part => part !== undefined));
  const stored = { ...rest, madeBy, ...(unknown && { unknownRows: true }), ...(interrupted && { interrupted }) };
  return saveFigure(join(folder, name), picture, plain, stored, noteOf(made, { madeBy, unknown, interrupted }));
};
