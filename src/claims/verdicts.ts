import { DINO, INCEPTION } from '../tasks';
import { type ClaimOutcome, notMeasured, type Verdict } from './claim-outcome';
import {
  aheadAtEqualTime,
  beatsMethod,
  beatsTeacherAtFew,
  fourStepsAtEverySize,
  fourStepsAtFoundTimes,
  fourStepsBeatTwo,
  iterationsAreCheaper,
  type ClaimRule,
  largerIsBetter,
  matchesTeacher,
  meetsPaper,
  searchBeatsGrid,
  strengthsCross,
} from './claim-tests';
import type { LiteratureRow } from './literature';
import type { StoredResults } from './stored-results';
import { theoryHolds } from './theory-verdicts';

/** One measurement that a claim is judged by. */
export type ClaimTest = {
  /** What was measured. */
  on: string;
  /** Name of the stored result; with a star at its end, all that begin so, whose numbers come as a list. */
  result: string;
  judge: ClaimRule;
};

/** A claim of the paper. */
export type Claim = {
  id: string;
  /** In one sentence. */
  claim: string;
  /** Where. */
  paper: string;
  tests: readonly ClaimTest[];
  /** It may not be measured. */
  why?: string;
};

const on = (judge: ClaimRule, places: Readonly<Record<string, string>>): ClaimTest[] =>
  Object.entries(places).map(([result, place]) => ({ on: place, result, judge }));

/** 06_quality has the trainings of 05_images again: it is no test of its own. */
const STEPS = {
  '02_quality_per_nfe': 'drawn digits',
  '05_points': 'checkerboard',
  '05_images': 'drawn digits, trained anew for each seed',
  cifar10_quality: 'CIFAR-10 at 16 × 16',
};

const SEARCHED = { checkerboard: 'checkerboard', digits16: 'drawn digits' };

const METHODS = { '05_points': 'checkerboard', '05_images': 'drawn digits' };

const against = (method: string): ClaimTest[] =>
  on(beatsMethod(method), METHODS).map(test => ({ ...test, on: `${method}, ${test.on}` }));

const theory = (statement: string): ClaimTest => ({
  on: statement,
  result: '08_*',
  judge: theoryHolds(statement.split(' ')[1]),
});

/** The `paper` presets of the notebooks beside the tables that they reproduce. */
const PAPER_TESTS: readonly ClaimTest[] = [
  { on: 'Table 1, FID', result: 'paper/05_images', judge: meetsPaper({ table: 1, metric: 'FID' }) },
  { on: 'Table 1, FD-DINOv2', result: 'paper/05_images', judge: meetsPaper({ table: 1, metric: 'FD-DINOv2' }, DINO) },
  { on: 'Table 2', result: 'paper/07_sizes', judge: meetsPaper({ table: 2 }) },
  { on: 'Table 3, FID', result: 'paper/06_quality', judge: meetsPaper({ table: 3, metric: 'FID' }) },
  { on: 'Table 3, FD-DINOv2', result: 'paper/06_quality', judge: meetsPaper({ table: 3, metric: 'FD-DINOv2' }, DINO) },
  { on: 'Table 4', result: 'paper/07_sizes', judge: meetsPaper({ table: 4 }, INCEPTION) },
  { on: 'Table 6', result: 'paper/03_images', judge: meetsPaper({ table: 6 }) },
];

/** What the paper claims, and what here tests it. */
export const CLAIMS: readonly Claim[] = [
  {
    id: 'C1',
    claim: 'More steps are better, from the same noise: four against two.',
    paper: 'Figures 2, 8; Tables 1, 3',
    tests: [
      ...on(fourStepsBeatTwo, STEPS),
      ...Object.entries(SEARCHED).map(([task, place]) => ({
        on: `${place}, each at its searched times`,
        result: '09_found_times',
        judge: fourStepsAtFoundTimes(task),
      })),
    ],
  },
  {
    id: 'C2',
    claim: 'More regularisation starts slower and ends better: the curves cross.',
    paper: 'Table 6',
    tests: on(strengthsCross, { '03_points': 'checkerboard', '03_images': 'drawn digits' }),
  },
  {
    id: 'C3a',
    claim: 'Few steps beat the teacher at few evaluations.',
    paper: 'Tables 1, 3',
    tests: on(beatsTeacherAtFew, STEPS),
  },
  {
    id: 'C3b',
    claim: 'Few steps match the teacher at its full number of evaluations.',
    paper: 'Tables 1, 3',
    tests: on(matchesTeacher, STEPS),
  },
  {
    id: 'C4',
    claim: 'At an equal budget CoSIM is better than SiD, Moment Matching and HSIVI-SM.',
    paper: 'Tables 1, 3',
    tests: ['SiD', 'SiD, alpha 1', 'Moment Matching', 'HSIVI-SM'].flatMap(against),
  },
  {
    id: 'C5',
    claim: 'CoSIM trains faster than HSIVI-SM, because it simulates nothing.',
    paper: 'eq. (3) to (5) against (7)',
    tests: [
      { on: 'time of an iteration', result: '05_hsivi_cost', judge: iterationsAreCheaper },
      { on: 'quality at equal wall time', result: '05_hsivi_cost', judge: aheadAtEqualTime },
    ],
  },
  {
    id: 'C6',
    claim: 'Larger networks are better, and four steps are no worse than two.',
    paper: 'Tables 2, 4',
    tests: [
      { on: 'three sizes', result: '07_sizes', judge: largerIsBetter },
      { on: 'two and four steps', result: '07_sizes', judge: fourStepsAtEverySize },
    ],
  },
  {
    id: 'C7',
    claim: "A greedy search of the sampling times improves on EDM's grid.",
    paper: 'Algorithm 1',
    tests: on(searchBeatsGrid, { '09_found_times': 'every task and number of steps' }),
  },
  {
    id: 'C8',
    claim: 'The theory holds in numbers, on Gaussian mixtures.',
    paper: 'Theorems 3.1, B.1, Propositions 3.2 to 3.8',
    tests: [
      'Theorem 3.1',
      'Theorem B.1',
      'Proposition 3.2',
      'Proposition 3.4',
      'Proposition 3.8',
      'Assumption 3.5',
    ].map(theory),
  },
  {
    id: 'C9',
    claim: "The paper's numbers, at its own scale.",
    paper: 'Tables 1 to 4, 6',
    tests: PAPER_TESTS,
    why: 'needs the published teachers, CIFAR-10 and ImageNet in full, and GPUs for days',
  },
];

export type TestVerdict = Omit<ClaimTest, 'judge'> & ClaimOutcome;

/** A claim with the verdict of each of its tests. */
export type ClaimVerdict = Omit<Claim, 'tests'> & {
  /** Of all that was measured. */
  verdict: Verdict;
  tests: readonly TestVerdict[];
};

const judgeTest = (
  { judge, ...test }: ClaimTest,
  results: StoredResults,
  literature: readonly LiteratureRow[],
): TestVerdict => {
  if (!test.result.endsWith('*')) {
    const found = results.get(test.result);
    return { ...test, ...(found === undefined ? notMeasured('') : judge(found.numbers, literature)) };
  }
  const found = [...results.values()].filter(({ name }) => name.startsWith(test.result.slice(0, -1)));
  return {
    ...test,
    ...judge(
      found.map(({ numbers }) => numbers),
      literature,
    ),
  };
};

/**
 * The verdicts, by rules that give a claim no benefit of the doubt:
 * - a test needs three values of each kind: training seeds, or blocks of samples of one training;
 * - 'better' means that means are in order and differ by more than the spread (`clearlyLower`: ranges that do not overlap, or
 *   every seed agrees and the mean difference exceeds the deviation of differences); otherwise the test does not hold;
 * - a claim holds where every test that was measured holds; one that fails is enough for 'does not hold';
 * - a result that is missing, or has too few values, is 'not measured', and counts neither way.
 * 'Does not hold' is said of the scale at hand, never of the paper.
 */
export const testClaims = (
  results: StoredResults,
  literature: readonly LiteratureRow[],
  claims: readonly Claim[] = CLAIMS,
): ClaimVerdict[] =>
  claims.map(({ tests: all, ...claim }) => {
    const tests = all.map(test => judgeTest(test, results, literature));
    const measured = tests.filter(({ verdict }) => verdict !== 'not measured');
    const holds = measured.every(({ verdict }) => verdict === 'holds');
    return { ...claim, tests, verdict: measured.length === 0 ? 'not measured' : holds ? 'holds' : 'does not hold' };
  });

/** 'does not hold at this scale (1 of 3 tests do; 2 more are not measured)'. */
export const verdictText = ({ verdict, tests }: ClaimVerdict): string => {
  if (verdict === 'not measured') return verdict;
  const count = (wanted: Verdict): number => tests.filter(test => test.verdict === wanted).length;
  const [held, open] = [count('holds'), count('not measured')];
  const measured = tests.length - open;
  const rest = open > 0 ? `; ${open} more not measured` : '';
  return verdict === 'holds'
    ? `holds (${held} of ${measured} tests${rest})`
    : `does not hold at this scale (${held} of ${measured} tests hold${rest})`;
};
