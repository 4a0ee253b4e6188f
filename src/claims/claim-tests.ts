/* The tests of the paper's claims: pure functions from the numbers of stored results to a verdict (`verdicts.ts`). */
import { median } from 'd3';
import { inMetric } from '../tasks';
import {
  type ClaimOutcome,
  comparisonBrief,
  comparisonText,
  grouped,
  markOneTraining,
  missing,
  NO_VALUES,
  notMeasured,
  percent,
  short,
  testOrder,
  visibleText,
  withRange,
} from './claim-outcome';
import { clearlyLower } from './clearly-lower';
import { type LiteratureRow, literatureRows } from './literature';
import { atTheEnd, groupRows, meanOf, meansBySeed, type ResultRow, resultRows, valuesOf } from './result-rows';

/** Reads what it needs from the `numbers` of a stored result; what is not there makes it 'not measured'. */
export type ClaimRule = (numbers: unknown, literature: readonly LiteratureRow[]) => ClaimOutcome;

const OURS = 'CoSIM';

/** The same rule for another setting of CoSIM, in the place of the paper's own. */
export const ofSetting =
  (series: string, rule: ClaimRule): ClaimRule =>
  (numbers, literature) => {
    const rows = resultRows(numbers).filter(row => row.series !== OURS);
    return rule(
      rows.map(row => (row.series === series ? { ...row, series: OURS } : row)),
      literature,
    );
  };

const atNfe = (rows: readonly ResultRow[], series: string, nfe?: number): ResultRow[] =>
  rows.filter(row => row.series === series && row.nfe === nfe);

const evaluationsOf = (rows: readonly ResultRow[], series: string): number[] =>
  [...new Set(rows.filter(row => row.series === series).flatMap(({ nfe }) => nfe ?? []))].sort((a, b) => a - b);

/** The steps that CoSIM's few are compared with. */
const mostSteps = (rows: readonly ResultRow[]): number | undefined =>
  evaluationsOf(rows, OURS)
    .filter(nfe => nfe <= 4)
    .at(-1);

/** Four steps of the generator are better than two. */
export const fourStepsBeatTwo: ClaimRule = numbers => {
  const rows = atTheEnd(resultRows(numbers));
  return testOrder({ what: '4 steps against 2', lower: atNfe(rows, OURS, 4), higher: atNfe(rows, OURS, 2) });
};

/** The same at the times that the search found for each number of steps, which is how the paper samples; means by seed. */
export const fourStepsAtFoundTimes =
  (task: string): ClaimRule =>
  numbers => {
    const rows = resultRows(numbers).filter(row => row.task === task && row.grid === 'searched');
    const [lower, higher] = [4, 2].map(nfe => meansBySeed(rows.filter(row => row.nfe === nfe)));
    return testOrder({ what: '4 steps against 2', lower, higher });
  };

/**
 * The curves cross: strength 0.5 leads 1 by more than the noise at some evaluation before the last, and is behind it at the
 * last. Shown is where it leads most, in the ratio of the means.
 */
export const strengthsCross: ClaimRule = numbers => {
  const rows = resultRows(numbers);
  const at = (coef: number, images: number): ResultRow[] => rows.filter(r => r.coef === coef && r.images === images);
  const evaluations = [...new Set(rows.flatMap(({ images }) => images ?? []))].sort((a, b) => a - b);
  if (evaluations.length < 2) return notMeasured(NO_VALUES);
  const last = evaluations.pop()!;
  const lead = (images: number): number => meanOf(at(1, images)) / meanOf(at(0.5, images));
  const leading = evaluations.filter(images => clearlyLower(at(0.5, images), at(1, images)));
  const [start] = [...(leading.length > 0 ? leading : evaluations)].sort((a, b) => lead(b) - lead(a));
  return testOrder(
    { what: `0.5 against 1 after ${grouped(start)} images`, lower: at(0.5, start), higher: at(1, start) },
    { what: `1 against 0.5 after ${grouped(last)}`, lower: at(1, last), higher: at(0.5, last) },
  );
};

/** Four steps are better than the teacher at its fewest evaluations that are not fewer than four. */
export const beatsTeacherAtFew: ClaimRule = numbers => {
  const rows = atTheEnd(resultRows(numbers));
  const nfe = evaluationsOf(rows, 'teacher').find(count => count >= 4);
  const [lower, higher] = [atNfe(rows, OURS, 4), nfe === undefined ? [] : atNfe(rows, 'teacher', nfe)];
  return testOrder({ what: `4 steps against the teacher at ${nfe}`, lower, higher });
};

/** How far above the teacher's mean still counts as its match; the paper's own is 7 % above its teacher's best. */
const MATCH = 0.1;

/**
 * Four steps match the teacher at its most evaluations: each of their values is at most a tenth above the teacher's mean, so that
 * a wide spread is no help.
 */
export const matchesTeacher: ClaimRule = numbers => {
  const rows = atTheEnd(resultRows(numbers));
  const nfe = evaluationsOf(rows, 'teacher').at(-1);
  const [lower, higher] = [atNfe(rows, OURS, 4), atNfe(rows, 'teacher', nfe)];
  const without = missing([lower, higher]);
  if (without !== undefined) return notMeasured(without);
  const [ours, teacher] = [meanOf(lower), meanOf(higher)];
  const limit = (1 + MATCH) * teacher;
  const [best, worst] = [Math.min(...valuesOf(lower)), Math.max(...valuesOf(lower))];
  const excess = `${percent(Math.abs(ours / teacher - 1))} ${ours > teacher ? 'above' : 'below'}`;
  return {
    verdict: worst <= limit ? 'holds' : best > limit ? 'contradicted' : 'within the noise',
    numbers: `4 steps ${withRange(lower)}, the teacher at ${nfe} ${withRange(higher)}: ${excess}`,
    brief: `${short(ours)} to ${short(teacher)}, ${excess}`,
    visible: percent((worst - best) / teacher),
    ...markOneTraining([lower]),
  };
};

/** Training images and time of some runs, medians; undefined where the rows do not say. */
const budgetOf = (rows: readonly ResultRow[]): { images?: number; seconds?: number; text: string } => {
  const images = median(rows.flatMap(row => row.images ?? []));
  const seconds = median(rows.flatMap(row => row.seconds ?? []));
  const parts = [
    ...(images === undefined ? [] : [`${grouped(images)} images`]),
    ...(seconds === undefined ? [] : [`${short(seconds)} s`]),
  ];
  return { images, seconds, text: parts.join(', ') || 'unknown' };
};

/**
 * CoSIM at its most steps up to four is better than another method at its most. Equal budget: the other had at least as many
 * images, or at least as much time; where it had less of both, or the rows do not say, nothing is decided.
 */
export const beatsMethod =
  (method: string): ClaimRule =>
  numbers => {
    const rows = atTheEnd(resultRows(numbers));
    const ours = mostSteps(rows);
    const theirs = evaluationsOf(rows, method).at(-1);
    const [lower, higher] = [atNfe(rows, OURS, ours), atNfe(rows, method, theirs)];
    const outcome = testOrder({ what: `${ours} steps against ${theirs} of ${method}`, lower, higher });
    if (outcome.verdict === 'not measured') return outcome;
    const [own, other] = [budgetOf(lower), budgetOf(higher)];
    const atLeast = (a?: number, b?: number): boolean => a !== undefined && b !== undefined && a >= b;
    const fair = atLeast(other.images, own.images) || atLeast(other.seconds, own.seconds);
    const budgets = `${own.text} against ${other.text}`;
    if (!fair) return notMeasured(`budgets are not equal: ${budgets}`);
    return { ...outcome, numbers: `${outcome.numbers} (${budgets})` };
  };

/** What one iteration of a method takes: all its updates of psi and the one of phi; medians. */
export type StoredCost = {
  method: string;
  levels?: number;
  psiSteps?: number;
  secondsPerIteration: number;
  cpuSecondsPerIteration?: number;
};

/** The costs in `numbers.cost`; none for a result of another shape. */
export const storedCosts = (numbers: unknown): StoredCost[] => {
  const cost = (numbers as { cost?: unknown } | null)?.cost;
  if (!Array.isArray(cost)) return [];
  return (cost as Partial<StoredCost>[]).filter(
    (row): row is StoredCost => typeof row?.method === 'string' && Number.isFinite(row.secondsPerIteration),
  );
};

/** Medians of times on a shared machine differ by less than this without a cause. */
const NOISE_OF_TIMES = 0.1;

/** An iteration of CoSIM takes clearly less time than any of HSIVI-SM that was timed. */
export const iterationsAreCheaper: ClaimRule = numbers => {
  const costs = storedCosts(numbers);
  const seconds = (method: string): number[] =>
    costs.filter(row => row.method === method).map(row => row.secondsPerIteration);
  const [ours, theirs] = [seconds(OURS), seconds('HSIVI-SM')];
  if (ours.length === 0 || theirs.length === 0) return notMeasured('the result has no such times');
  const [slowest, least, most] = [Math.max(...ours), Math.min(...theirs), Math.max(...theirs)];
  const range = least === most ? short(least) : `${short(least)} to ${short(most)}`;
  const [clear, reversed] = [1 + NOISE_OF_TIMES, 1 / (1 + NOISE_OF_TIMES)];
  const times = least / slowest;
  return {
    verdict: times > clear ? 'holds' : times < reversed ? 'contradicted' : 'within the noise',
    numbers: `CoSIM ${short(slowest)} s an iteration, HSIVI-SM ${range} s: ${short(times)} times or more`,
    brief: `${short(times)} times or more`,
    visible: percent(NOISE_OF_TIMES),
  };
};

/**
 * CoSIM, at its last measurement before any run of HSIVI-SM ended, is better than HSIVI-SM at its end. Each in the most steps
 * that it was measured with, CoSIM's at most four.
 */
export const aheadAtEqualTime: ClaimRule = numbers => {
  const rows = resultRows(numbers).filter(row => row.seconds !== undefined);
  const upTo = (series: string, time: number, nfe?: number): ResultRow[] => {
    const own = rows.filter(row => row.series === series && row.nfe === nfe && row.seconds! <= time);
    const runs = [...groupRows(own, ({ seed }) => seed).values()];
    return runs.flatMap(run => run.sort((a, b) => a.seconds! - b.seconds!).slice(-1));
  };
  const higher = upTo('HSIVI-SM', Infinity, evaluationsOf(rows, 'HSIVI-SM').at(-1));
  if (higher.length === 0) return notMeasured(NO_VALUES);
  const time = Math.min(...higher.map(row => row.seconds!));
  const lower = upTo(OURS, time, mostSteps(rows));
  return testOrder({ what: `CoSIM against HSIVI-SM after ${short(time)} s`, lower, higher });
};

const ofSize = (rows: readonly ResultRow[], size: string, nfe: number): ResultRow[] =>
  atNfe(rows, OURS, nfe).filter(row => row.size === size);

const SIZES = ['S', 'M', 'L'];

/**
 * At two and at four steps, means fall from S to M to L, and from S to L by more than the noise. Contradicted where a larger one
 * is worse than a smaller by more than the noise.
 */
export const largerIsBetter: ClaimRule = numbers => {
  const rows = atTheEnd(resultRows(numbers));
  const all = [2, 4].map(nfe => ({ nfe, sizes: SIZES.map(size => ofSize(rows, size, nfe)) }));
  const without = missing(all.flatMap(({ sizes }) => sizes));
  if (without !== undefined) return notMeasured(without);
  const holds = all.every(
    ({ sizes: [s, m, l] }) => clearlyLower(l, s) && meanOf(l) <= meanOf(m) && meanOf(m) <= meanOf(s),
  );
  const reversed = all.some(({ sizes: [s, m, l] }) => clearlyLower(s, l) || clearlyLower(s, m) || clearlyLower(m, l));
  const ends = all.map(({ nfe, sizes: [s, , l] }) => ({ what: `${nfe} steps`, lower: l, higher: s }));
  const text = all.map(
    ({ nfe, sizes }) => `${nfe} steps: ${sizes.map((r, i) => `${SIZES[i]} ${withRange(r)}`).join(', ')}`,
  );
  return {
    verdict: holds ? 'holds' : reversed ? 'contradicted' : 'within the noise',
    numbers: text.join('; '),
    brief: ends.map(pair => `L ${comparisonBrief(pair)} S in ${pair.what}`).join(', '),
    visible: visibleText(ends),
    ...markOneTraining(all.flatMap(({ sizes }) => sizes)),
  };
};

/**
 * At no size are four steps worse than two on average, and at one at least they are better by more than the noise. Contradicted
 * where they are worse at one by more than the noise.
 */
export const fourStepsAtEverySize: ClaimRule = numbers => {
  const rows = atTheEnd(resultRows(numbers));
  const pairs = SIZES.map(size => ({ what: size, lower: ofSize(rows, size, 4), higher: ofSize(rows, size, 2) }));
  const without = missing(pairs.flatMap(({ lower, higher }) => [lower, higher]));
  if (without !== undefined) return notMeasured(without);
  const never = pairs.every(({ lower, higher }) => meanOf(lower) <= meanOf(higher));
  const once = pairs.some(({ lower, higher }) => clearlyLower(lower, higher));
  const reversed = pairs.some(({ lower, higher }) => clearlyLower(higher, lower));
  return {
    verdict: reversed ? 'contradicted' : never && once ? 'holds' : 'within the noise',
    numbers: `4 steps against 2: ${pairs.map(comparisonText).join('; ')}`,
    brief: pairs.map(pair => `${pair.what} ${comparisonBrief(pair)}`).join(', '),
    visible: visibleText(pairs),
    ...markOneTraining(pairs.flatMap(({ lower, higher }) => [lower, higher])),
  };
};

const inThousands = (images = 0): number => Math.floor(images / 1000);

/**
 * The numbers that the paper prints of CoSIM in one of its tables, each met by ours to a tenth: of the rows of the result's
 * own metric, or of `also`. One run is enough here, as the paper has it.
 */
export const meetsPaper =
  (wanted: Partial<LiteratureRow>, also?: string): ClaimRule =>
  (numbers, literature) => {
    const all = resultRows(numbers);
    const rows = also === undefined ? all : inMetric(all, also);
    const end = new Set(atTheEnd(rows));
    const found = literatureRows(literature, wanted)
      .filter(({ method }) => method.startsWith(OURS))
      .flatMap(({ method, nfe, coef, images, value }) => {
        const isAsked = (row: ResultRow): boolean =>
          images === undefined ? end.has(row) : row.coef === coef && inThousands(row.images) === inThousands(images);
        const isSize = ({ size }: ResultRow): boolean => size === undefined || method === `${OURS}-${size}`;
        const own = rows.filter(row => row.nfe === nfe && isSize(row) && isAsked(row));
        const what = [method, `${nfe} steps`, ...(coef === undefined ? [] : [`coef ${coef}`])].join(', ');
        return own.length === 0 ? [] : [{ what, ours: meanOf(own), paper: value }];
      });
    if (found.length === 0) return notMeasured(NO_VALUES);
    const holds = found.every(({ ours, paper }) => Math.abs(ours / paper - 1) <= MATCH);
    return {
      verdict: holds ? 'holds' : 'contradicted',
      numbers: found.map(({ what, ours, paper }) => `${what}: ${short(ours)}, the paper's ${short(paper)}`).join('; '),
    };
  };

/** In `nfe` steps of one task, searched times are better than EDM's grid by more than the noise; means by seed. */
export const searchBeatsGrid =
  (task: string, nfe: number): ClaimRule =>
  numbers => {
    const rows = resultRows(numbers).filter(row => row.task === task && row.nfe === nfe);
    const [lower, higher] = ['searched', 'edm'].map(grid => meansBySeed(rows.filter(row => row.grid === grid)));
    return testOrder({ what: `${nfe} steps, searched against EDM's grid`, lower, higher });
  };
