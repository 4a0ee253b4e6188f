import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import {
  type Claim,
  CLAIMS,
  testClaims,
  type LiteratureRow,
  type StoredResult,
  type StoredResults,
} from '../../src/claims';
import type { Verdict } from '../../src/claims/claim-outcome';
import { verdictText } from '../../src/claims/verdicts';

const stored = (numbers: Readonly<Record<string, unknown>>): StoredResults =>
  new Map(
    Object.entries(numbers).map(([name, own]): [string, StoredResult] => {
      const machine = { cpu: 'c', cores: 1, memoryGiB: 1, os: 'o' };
      const provenance = { preset: 'laptop', seeds: [0, 1, 2], commit: 'abc', machine, date: '2026-01-01' };
      return [name, { name, title: name, provenance, numbers: own, picture: false }];
    }),
  );

const SEEDS = [0, 1, 2];

/** Three runs near `value`, a percent apart. */
const near = (value: number, rest: object): object[] =>
  SEEDS.map(seed => ({ ...rest, seed, value: value * (1 + 0.01 * seed), n: 500, floor: 0.1 }));

/** The verdicts of one claim's tests that read one result. */
const verdictsOn = (id: string, result: string, numbers: unknown): string[] => {
  const claim = testClaims(stored({ [result]: numbers }), []).find(one => one.id === id);
  return claim!.tests.filter(one => one.verdict !== 'not measured').map(({ verdict }) => verdict);
};

const HOLDS = ['holds'];
const NOT = ['contradicted'];
const NOISE = ['within the noise'];

test('without results, and with results of other shapes, everything is not measured and nothing fails', () => {
  for (const { id, verdict } of testClaims(new Map(), [])) assert.equal(verdict, 'not measured', id);
  const names = [...new Set(CLAIMS.flatMap(({ tests }) => tests.map(({ result }) => result.replace('*', 'x'))))];
  for (const odd of [null, [], {}, 'text', 3, [null, 1, { seed: 0 }], { points: 3 }, { cost: [null], curve: [{}] }])
    for (const { id, verdict } of testClaims(stored(Object.fromEntries(names.map(name => [name, odd]))), []))
      assert.equal(verdict, 'not measured', `${id}: ${JSON.stringify(odd)}`);
});

describe('steps', () => {
  const quality = (two: number, four: number, few: number, full: number) => [
    ...near(two, { series: 'CoSIM', steps: 2 }),
    ...near(four, { series: 'CoSIM', steps: 4 }),
    ...near(1e3, { series: 'teacher', steps: 3 }),
    ...near(few, { series: 'teacher', steps: 9 }),
    ...near(full, { series: 'teacher', steps: 35 }),
  ];
  const on = (id: string, ...values: [number, number, number, number]) =>
    verdictsOn(id, '02_quality_per_nfe', quality(...values));

  it('C1: four against two', () => {
    assert.deepEqual(on('C1', 3, 2, 9, 1), HOLDS);
    assert.deepEqual(on('C1', 2, 3, 9, 1), NOT);
  });

  it('C1: at searched times, by task and training seed', () => {
    const found = (task: string, steps: number, value: number, grid = 'searched') =>
      [0, 1].flatMap(block => near(value + block, { task, steps, grid, block }));
    const points = (four: number) => [
      ...['checkerboard', 'digits16'].flatMap(task => [...found(task, 2, 3), ...found(task, 4, 1, 'edm')]),
      ...[...found('checkerboard', 4, 2), ...found('digits16', 4, four)],
    ];
    assert.deepEqual(verdictsOn('C1', '09_found_times', points(2)), ['holds', 'holds']);
    assert.deepEqual(verdictsOn('C1', '09_found_times', points(4)), ['holds', 'contradicted']);
  });

  it('C3a: against the teacher at its fewest evaluations from four on', () => {
    assert.deepEqual(on('C3a', 3, 2, 9, 1), HOLDS);
    assert.deepEqual(on('C3a', 3, 12, 9, 1), NOT);
  });

  it('C3b: a match has every run at most a tenth above the mean of the teacher', () => {
    assert.deepEqual(on('C3b', 3, 2, 9, 2.5), HOLDS);
    assert.deepEqual(on('C3b', 3, 2, 9, 1), NOT);
    assert.deepEqual(on('C3b', 3, 2, 9, 1.85), HOLDS, '2.04 against 1.87');
    assert.deepEqual(on('C3b', 3, 2, 9, 1.83), NOISE, 'some of 2.00 to 2.04 against 2.03');
  });

  it('reads the blocks of an evaluation, and only the end of a training', () => {
    const point = (steps: number, images: number, value: number) => ({
      series: 'CoSIM',
      steps,
      images,
      results: [
        { metric: 'kid', blocks: [9, 9, 9] },
        { metric: 'fd', blocks: [value, value + 0.1, value + 0.2], n: 10, floorBlocks: [1, 1, 1] },
      ],
    });
    const points = [point(2, 100, 1), point(4, 100, 5), point(2, 200, 5), point(4, 200, 1)];
    assert.deepEqual(verdictsOn('C1', 'study_cifar10_quality', { points }), HOLDS);
  });
});

test('C2: the curves have to cross', () => {
  const curves = (...values: [number, number, number, number]) =>
    values.flatMap((value, i) => near(value, { coef: [0.5, 1][i % 2], images: [100, 900][i >> 1] }));
  assert.deepEqual(verdictsOn('C2', '03_points', curves(3, 4, 2, 1)), HOLDS);
  assert.deepEqual(verdictsOn('C2', '03_points', curves(3, 4, 1, 2)), NOT, 'no crossing');
  assert.deepEqual(verdictsOn('C2', '03_points', curves(4, 3, 2, 1)), NOT, 'no slower start');
  const equal = [0.5, 1].flatMap(coef => near(9, { coef, images: 50 }));
  assert.deepEqual(
    verdictsOn('C2', '03_points', [...equal, ...curves(3, 4, 2, 1)]),
    HOLDS,
    'the start: where they part',
  );
});

test('C4: each method at its most evaluations, with the budgets', () => {
  const numbers = [
    ...near(2, { method: 'CoSIM', nfe: 4, images: 6400, seconds: 10 }),
    ...near(1, { method: 'CoSIM', nfe: 8, images: 6400, seconds: 10 }),
    ...near(3, { method: 'SiD', nfe: 1, images: 6400, seconds: 9 }),
    ...near(1.5, { method: 'Moment Matching', nfe: 4, images: 6400, seconds: 8 }),
  ];
  const claim = testClaims(stored({ '05_images': numbers }), []).find(({ id }) => id === 'C4')!;
  const measured = claim.tests.filter(({ verdict }) => verdict !== 'not measured');
  assert.deepEqual(measured.map(({ on, verdict }) => [on, verdict]), [['SiD, drawn digits', 'holds'], ['Moment Matching, drawn digits', 'contradicted']]); // prettier-ignore
  assert.match(
    measured[0].numbers,
    /^4 steps against 1 of SiD: 2\.02 .* \(6,400 images, 10\.0 s against 6,400 images, 9\.00 s\)$/,
  );
  assert.equal(claim.verdict, 'holds in part');
  const open = claim.tests.length - 2;
  assert.equal(verdictText(claim), `holds in 1 of 2 tests, 1 contradicted; ${open} not measured`);
});

test('a method of one training among several of another is a test on one training', () => {
  const blocks = [3, 3.1, 3.2];
  const fd = { metric: 'fd', value: 3.1, blocks, floor: 0.1, floorBlocks: [0.1, 0.1, 0.1], n: 500, nReference: 500 };
  const claim = testClaims(
    stored({
      study_digits_quality: {
        points: [
          ...near(2, { series: 'CoSIM', steps: 4, images: 6400 }),
          { series: 'SiD', seed: 0, steps: 1, images: 6400, results: [fd] },
        ],
      },
    }),
    [],
  ).find(({ id }) => id === 'C4')!;
  const [measured] = claim.tests.filter(({ verdict }) => verdict !== 'not measured');
  assert.deepEqual([measured.on, measured.verdict, measured.oneTraining], ['SiD, drawn digits, long trainings', 'holds', true]); // prettier-ignore
  assert.equal(measured.seeds, '0, 1, 2; of one kind blocks of one training');
  assert.equal(claim.verdict, 'not measured'); // over training seeds
});

test('another setting of CoSIM is tested in the place of its own', () => {
  const teacher = (value: number) => near(value, { series: 'teacher', steps: 9 });
  const points = [
    ...near(6, { series: 'CoSIM', steps: 4, images: 6400 }),
    ...near(5, { series: 'CoSIM', steps: 2, images: 6400 }),
    ...near(3, { series: 'CoSIM, R 16', steps: 4, images: 6400 }),
    ...near(4, { series: 'CoSIM, R 16', steps: 2, images: 6400 }),
    ...near(2, { series: 'SiD', steps: 1, images: 6400 }),
  ];
  const verdicts = (id: string) =>
    testClaims(stored({ study_digits_quality: { points: [...points, ...teacher(4.5)] } }), [])
      .find(claim => claim.id === id)!
      .tests.filter(({ verdict }) => verdict !== 'not measured')
      .map(({ on, verdict, seeds }) => [on, verdict, seeds]);
  const [own, other] = ['drawn digits, long trainings', 'drawn digits, long trainings with R = 16'];
  assert.deepEqual(verdicts('C1'), [[own, 'contradicted', '0, 1, 2'], [other, 'holds', '0, 1, 2']]); // prettier-ignore
  assert.deepEqual(verdicts('C3a'), [[own, 'contradicted', '0, 1, 2'], [other, 'holds', '0, 1, 2']]); // prettier-ignore
  assert.deepEqual(verdicts('C4'), [[`SiD, ${own}`, 'contradicted', '0, 1, 2'], [`SiD, ${other}`, 'contradicted', '0, 1, 2']]); // prettier-ignore
});

test('blocks of one training stay blocks for another setting', () => {
  const blocks = [3, 3.1, 3.2];
  const fd = { metric: 'fd', value: 3.1, blocks, floor: 0.1, floorBlocks: [0.1, 0.1, 0.1], n: 500, nReference: 500 };
  const points = [2, 4].map(steps => ({ series: 'CoSIM, R 16', seed: 0, steps, images: 6400, results: [fd] }));
  const [{ oneTraining }] = testClaims(stored({ study_digits_quality: { points } }), [])
    .find(({ id }) => id === 'C1')!
    .tests.filter(({ verdict }) => verdict !== 'not measured');
  assert.equal(oneTraining, true);
});

test('C4: an unequal budget is not decided, unless the slower method had the time', () => {
  const on = (images: number, seconds: number) =>
    verdictsOn('C4', '05_points', [
      ...near(2, { method: 'CoSIM', nfe: 4, images: 6400, seconds: 10 }),
      ...near(3, { method: 'HSIVI-SM', nfe: 4, images, seconds }),
    ]);
  assert.deepEqual(on(3200, 9), []);
  assert.deepEqual(on(3200, 11), HOLDS);
  assert.deepEqual(on(6400, 9), HOLDS);
});

test('C5: the cost of an iteration, and quality when HSIVI-SM ends', () => {
  const cost = (hsivi: number) => [
    { method: 'CoSIM', levels: 0, psiSteps: 1, secondsPerIteration: 1 },
    { method: 'HSIVI-SM', levels: 2, psiSteps: 1, secondsPerIteration: hsivi },
    { method: 'HSIVI-SM', levels: 4, psiSteps: 1, secondsPerIteration: 5 },
  ];
  // CoSIM's 0.1 comes after HSIVI-SM has ended, at 20 s
  const curve = (at20: number) => [
    ...near(9, { method: 'CoSIM', seconds: 10 }),
    ...near(at20, { method: 'CoSIM', seconds: 20 }),
    ...near(0.1, { method: 'CoSIM', seconds: 30 }),
    ...near(5, { method: 'HSIVI-SM', seconds: 20 }),
  ];
  const on = (hsivi: number, at20: number) =>
    verdictsOn('C5', '05_hsivi_cost', { cost: cost(hsivi), curve: curve(at20) });
  assert.deepEqual(on(2, 3), ['holds', 'holds']);
  assert.deepEqual(on(1.05, 6), ['within the noise', 'contradicted']);
  assert.deepEqual(on(0.9, 3), ['contradicted', 'holds']);
});

test('C6: sizes in order at two and four steps; four steps no worse at any', () => {
  const sizes = (...values: number[]) =>
    values.flatMap((value, i) => near(value, { series: 'CoSIM', size: 'SML'[i % 3], steps: i < 3 ? 2 : 4 }));
  assert.deepEqual(verdictsOn('C6', '07_sizes', sizes(6, 5, 4, 5, 4, 3)), ['holds', 'holds']);
  assert.deepEqual(verdictsOn('C6', '07_sizes', sizes(6, 4, 5, 5, 4, 3)), ['contradicted', 'holds']);
  assert.deepEqual(verdictsOn('C6', '07_sizes', sizes(6, 5, 4, 7, 4, 3)), ['holds', 'contradicted']);
});

test('C7: each task and number of steps is a test', () => {
  const grids = (searched: number) => [
    ...near(2, { task: 'checkerboard', steps: 2, grid: 'edm' }),
    ...near(1, { task: 'checkerboard', steps: 2, grid: 'searched' }),
    ...near(2, { task: 'digits16', steps: 4, grid: 'edm' }),
    ...near(3, { task: 'digits16', steps: 4, grid: 'published' }),
    ...near(searched, { task: 'digits16', steps: 4, grid: 'searched' }),
  ];
  assert.deepEqual(verdictsOn('C7', '09_found_times', grids(1)), ['holds', 'holds']);
  assert.deepEqual(verdictsOn('C7', '09_found_times', grids(2.5)), ['holds', 'contradicted']);
});

test('C7: several blocks of one training are one value', () => {
  const grid = (name: string, value: number, seeds: number[]) =>
    seeds.flatMap(seed => [0, 1].map(block => ({ task: 'checkerboard', steps: 2, grid: name, seed, block, value })));
  const on = (seeds: number[]) =>
    verdictsOn('C7', '09_found_times', [...grid('searched', 1, seeds), ...grid('edm', 2, seeds)]);
  assert.deepEqual(on([0, 1, 2]), HOLDS);
  assert.deepEqual(on([0, 1]), [], 'four values of two trainings');
});

test('C8: each statement has the verdict that its experiment stored', () => {
  const results = stored({
    '08_a': { verdict: { statement: 'Theorem 3.1: psi learns beta Q', holds: true, largestError: 0.0123 } },
    '08_b': { verdict: [{ statement: 'Prop. 3.2.', holds: true }, { statement: 'Prop. 3.4 for all', holds: false }] }, // prettier-ignore
    '08_c': { verdict: { statement: 'Theorem B.1', holds: true } },
  });
  const { tests, verdict } = testClaims(results, []).find(({ id }) => id === 'C8')!;
  assert.deepEqual(
    tests.map(one => one.verdict),
    ['holds', 'holds', 'holds', 'contradicted', 'not measured', 'not measured'],
  );
  assert.equal(tests[0].numbers, 'largest error 0.0123');
  assert.equal(verdict, 'holds in part');
});

test('a claim holds where every measured test does; what is not measured counts neither way', () => {
  const rule = (verdict: Verdict) => () => ({ verdict, numbers: '' });
  const claim = (result: string, verdicts: readonly Verdict[]): Claim => ({
    id: 'X',
    claim: 'x',
    paper: 'p',
    change: 'y',
    tests: verdicts.map(one => ({ on: one, result, rule: rule(one) })),
  });
  const verdictOf = (...verdicts: Verdict[]) => testClaims(stored({ a: [] }), [], [claim('a', verdicts)])[0];
  const [yes, no, open, noise] = ['holds', 'contradicted', 'not measured', 'within the noise'] as const;
  const cases: [Verdict[], string, string][] = [
    [[yes, yes], 'holds', 'holds (2 tests)'],
    [[yes, open], 'holds', 'holds (1 test); 1 not measured'],
    [[yes, no, noise, noise], 'holds in part', 'holds in 1 of 4 tests, 1 contradicted, 2 within the noise'],
    [[no, noise], 'contradicted', 'contradicted in 1 of 2 tests, 1 within the noise'],
    [[noise, noise], 'within the noise', 'within the noise (2 tests)'],
    [[open], 'not measured', 'not measured'],
    [[], 'not measured', 'not measured'],
  ];
  for (const [verdicts, whole, text] of cases) {
    assert.equal(verdictOf(...verdicts).verdict, whole);
    assert.equal(verdictText(verdictOf(...verdicts)), text);
  }
});

test('tests on blocks of one training are counted beside those over training seeds', () => {
  const blocks = near(1, { series: 'CoSIM', steps: 4 });
  const results = stored({ a: blocks, b: blocks });
  results.get('b')!.provenance.seeds = [0]; // one training: seeds 0, 1, 2 of its rows are blocks
  const test = (result: string) => ({ on: result, result, rule: () => ({ verdict: 'holds' as const, numbers: '' }) });
  const claim = { id: 'X', claim: 'x', paper: 'p', change: 'y' };
  const verdictOf = (...names: string[]) => testClaims(results, [], [{ ...claim, tests: names.map(test) }])[0];
  assert.equal(verdictText(verdictOf('a', 'b')), 'holds (1 test); on one training: holds (1 test)');
  assert.equal(verdictText(verdictOf('b')), 'not measured over training seeds; on one training: holds (1 test)');
  assert.equal(verdictOf('b').verdict, 'not measured');
  assert.equal(verdictOf('b').tests[0].seeds, '3 blocks of seed 0');
});

test("C9: the paper's own numbers, each met to a tenth, in the result's metric or another", () => {
  const printed = (nfe: number, metric: string, value: number): LiteratureRow => ({
    table: 1,
    dataset: 'CIFAR-10',
    method: 'CoSIM',
    nfe,
    metric,
    value,
    source: 'Table 1',
  });
  const literature = [printed(2, 'FID', 2.4), printed(4, 'FID', 2), printed(2, 'FD-DINOv2', 120)];
  const point = (nfe: number, value: number, dino: number, images = 200) => ({
    method: 'CoSIM',
    nfe,
    seed: 0,
    value,
    images,
    also: { 'Fréchet distance (FD-DINOv2)': { value: dino, floor: 1 } },
  });
  const on = (...points: object[]) => {
    const { tests } = testClaims(stored({ 'paper/05_images': points }), literature).find(({ id }) => id === 'C9')!;
    return tests.slice(0, 2).map(({ verdict, numbers }) => [verdict, numbers]);
  };
  assert.deepEqual(on(point(2, 2.5, 125), point(4, 2.1, 80), point(2, 9, 900, 100)), [
    ['holds', "CoSIM, 2 steps: 2.50, the paper's 2.40; CoSIM, 4 steps: 2.10, the paper's 2.00"],
    ['holds', "CoSIM, 2 steps: 125, the paper's 120"],
  ]);
  assert.deepEqual(on(point(2, 2.4, 100), point(4, 2.3, 80)).map(([verdict]) => verdict), ['contradicted', 'contradicted']); // prettier-ignore
  assert.equal(on(point(1, 2, 2))[0][0], 'not measured');
});
