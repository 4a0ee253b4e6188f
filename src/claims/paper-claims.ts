/* The paper's claims, and what here tests them. */
import { DINO, INCEPTION } from '../tasks';
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
  ofSetting,
  searchBeatsGrid,
  strengthsCross,
} from './claim-tests';
import { theoryHolds } from './theory-verdicts';

/** One measurement that a claim is tested by. */
export type ClaimTest = {
  /** What was measured. */
  on: string;
  /** Name of the stored result; with a star at its end, all that begin so, whose numbers come as a list. */
  result: string;
  rule: ClaimRule;
};

/** A claim of the paper. */
export type Claim = {
  id: string;
  /** In one sentence. */
  claim: string;
  /** Where. */
  paper: string;
  tests: readonly ClaimTest[];
  /** What a measurement would have to show, or how long to run, for another verdict. */
  change: string;
  /** Why it may not be measured. */
  why?: string;
};

const on = (rule: ClaimRule, places: Readonly<Record<string, string>>): ClaimTest[] =>
  Object.entries(places).map(([result, place]) => ({ on: place, result, rule }));

/** 06_quality has the trainings of 05_images again: it is no test of its own. */
const STEPS = {
  '05_points': 'checkerboard',
  '05_images': 'drawn digits',
  '02_quality_per_nfe': 'drawn digits, one training',
  study_digits_quality: 'drawn digits, long trainings',
  study_digits_searched: 'drawn digits, long trainings, each at its searched times',
  study_cifar10_quality: 'CIFAR-10 at 16 × 16',
  study_cifar10_searched: 'CIFAR-10 at 16 × 16, at its searched times',
};

/** The long trainings that other methods have too; these are at their own times. */
const LONG = {
  study_digits_quality: STEPS.study_digits_quality,
  study_digits_searched: `${STEPS.study_digits_quality}, CoSIM at its searched times`,
};

/** CoSIM with R = 16, from the same teacher. */
const R16 = 'CoSIM, R 16';
const STEPS_R16 = {
  study_digits_quality: `${STEPS.study_digits_quality} with R = 16`,
  study_digits_searched: `${STEPS.study_digits_quality} with R = 16, each at its searched times`,
};
const LONG_R16 = {
  study_digits_quality: STEPS_R16.study_digits_quality,
  study_digits_searched: `${STEPS_R16.study_digits_quality}, CoSIM at its searched times`,
};

const SEARCHED = { checkerboard: 'checkerboard', digits16: 'drawn digits' };

const METHODS = { '05_points': 'checkerboard', '05_images': 'drawn digits' };

const against = (
  method: string,
  places: Readonly<Record<string, string>> = METHODS,
  rule = beatsMethod(method),
): ClaimTest[] => on(rule, places).map(test => ({ ...test, on: `${method}, ${test.on}` }));

const theory = (statement: string): ClaimTest => ({
  on: statement,
  result: '08_*',
  rule: theoryHolds(statement.split(' ')[1]),
});

/** The `paper` presets of the notebooks beside the tables that they reproduce. */
const PAPER_TESTS: readonly ClaimTest[] = [
  { on: 'Table 1, FID', result: 'paper/05_images', rule: meetsPaper({ table: 1, metric: 'FID' }) },
  { on: 'Table 1, FD-DINOv2', result: 'paper/05_images', rule: meetsPaper({ table: 1, metric: 'FD-DINOv2' }, DINO) },
  { on: 'Table 2', result: 'paper/07_sizes', rule: meetsPaper({ table: 2 }) },
  { on: 'Table 3, FID', result: 'paper/06_quality', rule: meetsPaper({ table: 3, metric: 'FID' }) },
  { on: 'Table 3, FD-DINOv2', result: 'paper/06_quality', rule: meetsPaper({ table: 3, metric: 'FD-DINOv2' }, DINO) },
  { on: 'Table 4', result: 'paper/07_sizes', rule: meetsPaper({ table: 4 }, INCEPTION) },
  { on: 'Table 6', result: 'paper/03_images', rule: meetsPaper({ table: 6 }) },
];

/** What the paper claims, and what here tests it. */
export const CLAIMS: readonly Claim[] = [
  {
    id: 'C1',
    claim: 'More steps are better, from the same noise: four against two.',
    paper: 'Figures 2, 8; Tables 1, 3',
    change:
      'trainings of millions of images in three seeds, at published and at searched times: four steps better than two beyond the noise in each, or worse in each',
    tests: [
      ...on(fourStepsBeatTwo, STEPS),
      ...on(ofSetting(R16, fourStepsBeatTwo), STEPS_R16),
      ...Object.entries(SEARCHED).map(([task, place]) => ({
        on: `${place}, each at its searched times`,
        result: '09_found_times',
        rule: fourStepsAtFoundTimes(task),
      })),
    ],
  },
  {
    id: 'C2',
    claim: 'More regularisation starts slower and ends better: the curves cross.',
    paper: 'Table 6',
    change:
      'more seeds of the long trainings, or longer ones: at the last evaluation strength 1 ahead of 0.5 beyond the noise, or behind it',
    tests: on(strengthsCross, {
      '03_points': 'checkerboard',
      '03_images': 'drawn digits',
      study_digits_strengths: STEPS.study_digits_quality,
      study_cifar10_strengths: STEPS.study_cifar10_quality,
    }),
  },
  {
    id: 'C3a',
    claim: 'Few steps beat the teacher at few evaluations.',
    paper: 'Tables 1, 3',
    change: 'a teacher whose sampler needs fewer evaluations than four',
    tests: [...on(beatsTeacherAtFew, STEPS), ...on(ofSetting(R16, beatsTeacherAtFew), STEPS_R16)],
  },
  {
    id: 'C3b',
    claim: 'Few steps match the teacher at its full number of evaluations.',
    paper: 'Tables 1, 3',
    change:
      'longer training: four steps within a tenth of the teacher at the published times too, in each of three trainings',
    tests: [...on(matchesTeacher, STEPS), ...on(ofSetting(R16, matchesTeacher), STEPS_R16)],
  },
  {
    id: 'C4',
    claim: 'At an equal budget CoSIM is better than SiD, Moment Matching and HSIVI-SM.',
    paper: 'Tables 1, 3',
    change:
      'the same comparison after trainings long enough that no method still improves; equal seconds as well as equal images, and a search of its times counted with them',
    tests: [
      ...['SiD', 'SiD, alpha 1', 'Moment Matching', 'HSIVI-SM'].flatMap(method => against(method)),
      ...against('SiD', LONG),
      ...against('SiD', {
        study_cifar10_quality: STEPS.study_cifar10_quality,
        study_cifar10_searched: `${STEPS.study_cifar10_quality}, CoSIM at its searched times`,
      }),
      ...against('Moment Matching', LONG),
      ...['SiD', 'Moment Matching'].flatMap(method => against(method, LONG_R16, ofSetting(R16, beatsMethod(method)))),
    ],
  },
  {
    id: 'C5',
    claim: 'CoSIM trains faster than HSIVI-SM, because it simulates nothing.',
    paper: 'eq. (3) to (5) against (7)',
    change: 'a cheaper simulation in HSIVI-SM, or three seeds in which it leads at equal seconds',
    tests: [
      { on: 'time of an iteration', result: '05_hsivi_cost', rule: iterationsAreCheaper },
      { on: 'quality at equal wall time', result: '05_hsivi_cost', rule: aheadAtEqualTime },
    ],
  },
  {
    id: 'C6',
    claim: 'Larger networks are better, and four steps are no worse than two.',
    paper: 'Tables 2, 4',
    change: 'trainings of each size until four steps are no worse than two, three seeds each',
    tests: [
      { on: 'three sizes', result: '07_sizes', rule: largerIsBetter },
      { on: 'two and four steps', result: '07_sizes', rule: fourStepsAtEverySize },
    ],
  },
  {
    id: 'C7',
    claim: "A greedy search of the sampling times improves on EDM's grid.",
    paper: 'Algorithm 1',
    change: 'a task and number of steps at which the searched times lose on seeds that the search has not seen',
    tests: Object.entries(SEARCHED).flatMap(([task, place]) =>
      [2, 4].map(nfe => ({ on: `${place}, ${nfe} steps`, result: '09_found_times', rule: searchBeatsGrid(task, nfe) })),
    ),
  },
  {
    id: 'C8',
    claim:
      "The theory holds in numbers, on Gaussian mixtures, where lambda >= 0; at the paper's own strengths lambda < 0, and Proposition 3.4's bound can fail.",
    paper: 'Theorems 3.1, B.1, Propositions 3.2 to 3.8',
    change: 'one violation of a bound beyond the error of its quadrature',
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
    change: "the published teachers, the full data and the paper's budget",
    tests: PAPER_TESTS,
    why: 'needs the published teachers, CIFAR-10 and ImageNet in full, and GPUs for days',
  },
];
