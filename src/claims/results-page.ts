/* RESULTS.md and the generated parts of README.md, from stored results alone. */
import { table } from '../figures';
import { parameterCount } from '../networks';
import { PAPER_PRESET_NAMES, paperPreset } from '../training';
import { grouped } from './claim-outcome';
import { storedCosts } from './claim-tests';
import { RESULT_TABLES } from './experiment-tables';
import { type LiteratureRow, literatureRows } from './literature';
import { commitText, makingParts } from './made-text';
import { resultRows, seedsText } from './result-rows';
import { STRENGTHS_FIGURE } from './strengths-figure';
import { datasetOf, resultTable, type ResultTable } from './result-tables';
import type { StoredResult, StoredResults } from './stored-results';
import { theoryNumbers, theoryVerdicts } from './theory-verdicts';
import { type ClaimVerdict, matchesName, testClaims, type TestVerdict, verdictText } from './verdicts';

/** 'Preset laptop; n = 500; seeds 3 blocks of seed 0; commit 7a43a4d; AMD EPYC, 2 cores, 24 GiB; 2026-11-23; `figures/...json`.' */
const madeText = (result: StoredResult): string => {
  const { preset, seeds } = result.provenance;
  const rows = resultRows(result.numbers);
  const sizes = [...new Set(rows.flatMap(({ n }) => n ?? []))].map(grouped);
  const parts = [
    `Preset ${preset}`,
    ...(sizes.length > 0 ? [`n = ${sizes.join(', ')}`] : []),
    `seeds ${rows.length > 0 ? seedsText(rows, result) : seeds.join(', ')}`,
    ...makingParts(result.provenance),
    `\`figures/${result.name}.json\``,
  ];
  return `_${parts.join('; ')}._`;
};

const NOT_THERE = 'Not measured: there is no stored result yet.';

/** The line of provenance, or that there is none, and the figure. */
const source = (result: StoredResult | undefined): string[] =>
  result === undefined
    ? [NOT_THERE]
    : [...(result.picture ? [`![${result.title}](figures/${result.name}.png)`] : []), madeText(result)];

const section = (kind: ResultTable, results: StoredResults, literature: readonly LiteratureRow[]): string => {
  const result = results.get(kind.result);
  const link = kind.notebook === undefined ? '' : ` Notebook \`${kind.notebook}\`.`;
  const what = `${kind.text} Ours: ${kind.metric}, the smaller the better; ${datasetOf(result, kind)}.${link}`;
  return [`## ${kind.title}`, what, resultTable(kind, result, literature), ...source(result)].join('\n\n');
};

/** What one iteration of CoSIM and of HSIVI-SM takes. */
const costSection = (results: StoredResults): string => {
  const result = results.get('05_hsivi_cost');
  const costs = storedCosts(result?.numbers);
  const head = [
    '## Cost of an iteration (CoSIM against HSIVI-SM)',
    'HSIVI-SM simulates the levels above for every update; CoSIM pushes data forward once. The paper prints no times.',
  ];
  if (result === undefined || costs.length === 0) return [...head, NOT_THERE].join('\n\n');
  const rows = costs.map(({ method, levels, psiSteps, secondsPerIteration, cpuSecondsPerIteration = '' }) => ({
    method,
    levels: levels === undefined ? '' : String(levels),
    'psi steps a phi step': psiSteps === undefined ? '' : String(psiSteps),
    'seconds an iteration': secondsPerIteration,
    'of processor': cpuSecondsPerIteration,
    commit: commitText(result),
  }));
  return [...head, table(rows).markdown, ...source(result)].join('\n\n');
};

/** Text as it is, where Markdown would see emphasis or HTML: formulas. */
const plain = (text: string): string => text.replace(/[*_<`]/g, '\\$&');

/** Every statement that an experiment on the theory checked, with its numbers. */
const theorySection = (results: StoredResults): string => {
  const own = [...results.values()].filter(({ name }) => name.startsWith('08_'));
  const lines = own.flatMap(result =>
    theoryVerdicts(result.numbers).map(verdict => ({
      statement: plain(verdict.statement),
      reading: plain(verdict.reading ?? ''),
      verdict: verdict.holds ? 'holds' : 'does not hold',
      numbers: theoryNumbers(verdict),
      commit: commitText(result),
    })),
  );
  const head = ['## Theory on Gaussian mixtures', 'Measured against bound. Notebook `08_theory`.'];
  if (lines.length === 0) return [...head, NOT_THERE].join('\n\n');
  return [...head, table(lines, { format: 'markdown' }).markdown, ...own.flatMap(source)].join('\n\n');
};

/** The paper's run with this teacher, as Table 5 has it; undefined where the paper has none. */
const paperRun = (teacher: string): Partial<LiteratureRow> | undefined => {
  if (teacher === 'edm-cifar10-32x32-uncond-vp') return { dataset: 'CIFAR-10' };
  if (teacher.startsWith('edm-imagenet-64x64')) return { dataset: 'ImageNet-64' };
  const size = /^edm2-img512-(\w+)$/.exec(teacher)?.[1].toUpperCase();
  return size === undefined ? undefined : { method: `CoSIM-${size}` };
};

/** Table 5's parameter counts: the networks are built without weights and counted. */
const networksSection = (literature: readonly LiteratureRow[]): string => {
  const rows = PAPER_PRESET_NAMES.map(name => {
    const { teacher, generator } = paperPreset(name);
    const ours = parameterCount(generator.parameters) / 1e6;
    const run = paperRun(teacher);
    const found = run && literatureRows(literature, { table: 5, metric: 'parameters, millions', ...run });
    const paper = found?.[0]?.value;
    return {
      preset: `\`${name}\``,
      'ours, millions': ours.toFixed(1),
      paper: paper === undefined ? '' : String(paper),
      difference: paper === undefined ? '' : `${ours >= paper ? '+' : ''}${(ours - paper).toFixed(1)}`,
    };
  });
  const text = 'Parameters of the generators that the presets build, counted; the paper rounds to millions.';
  return ['## Networks of the paper (Table 5)', text, table(rows, { format: 'markdown' }).markdown].join('\n\n');
};

/** '[figure](figures/05_points.png)' of the first measured result that has a picture. */
const figureLink = (tests: readonly TestVerdict[], results: StoredResults): string => {
  const shown = tests
    .filter(({ verdict }) => verdict !== 'not measured')
    .flatMap(({ result }) => [...results.keys()].filter(name => matchesName(result, name)))
    .find(name => results.get(name)!.picture);
  return shown === undefined ? '' : `[${shown}](figures/${shown}.png)`;
};

/** 'checkerboard 0.0995 > 0.0783; drawn digits 5.85 ≈ 5.61'. */
const briefLine = (tests: readonly TestVerdict[]): string =>
  tests
    .filter(({ verdict }) => verdict !== 'not measured')
    .map(({ on, brief, verdict, oneTraining }) => `${on}${oneTraining ? ' †' : ''} ${brief ?? verdict}`)
    .join('; ');

/** The first page: a claim a line. */
const verdictPage = (verdicts: readonly ClaimVerdict[], results: StoredResults): string =>
  table(
    verdicts.map(verdict => ({
      '': verdict.id,
      claim: `${verdict.claim} (${verdict.paper})`,
      verdict: `**${verdictText(verdict)}**`,
      numbers: briefLine(verdict.tests),
      figure: figureLink(verdict.tests, results),
      'what would change it': verdict.change,
    })),
    { format: 'markdown' },
  ).markdown;

const verdictLines = (verdicts: readonly ClaimVerdict[]): string =>
  table(
    verdicts.map(verdict => ({
      '': verdict.id,
      claim: verdict.claim,
      paper: verdict.paper,
      verdict: verdictText(verdict),
    })),
  ).markdown;

/** The commits that computed what a test looks at; with a star at the name's end, of all results that begin so. */
const testCommits = (name: string, results: StoredResults): string => {
  const whole = !name.endsWith('*');
  const own = [...results.values()].filter(found =>
    whole ? found.name === name : found.name.startsWith(name.slice(0, -1)),
  );
  return [...new Set(own.map(result => commitText(result)))].join(', ');
};

/** Every test of every claim, with the numbers that decide it. */
const testLines = (verdicts: readonly ClaimVerdict[], results: StoredResults): string => {
  const lines = verdicts.flatMap(({ id, tests, verdict: whole, why }) => {
    if (whole === 'not measured' && why !== undefined)
      return [
        { '': id, on: '', verdict: 'not measured', numbers: why, 'could see': '', seeds: '', result: '', commit: '' },
      ];
    return tests.map(({ on, verdict, numbers, visible = '', seeds, result }) => ({
      '': id,
      on,
      verdict,
      numbers: plain(numbers),
      'could see': visible,
      seeds,
      result: `\`${result}\``,
      commit: testCommits(result, results),
    }));
  });
  return table(lines, { format: 'markdown' }).markdown;
};

/** C2 as a picture; nothing where it was not drawn. */
const strengthsSection = (results: StoredResults): string[] => {
  const figure = results.get(STRENGTHS_FIGURE);
  if (figure === undefined) return [];
  const text =
    "C2 over the training, the paper's Table 6 beside ours. Metrics and data differ, so each distance is divided by the geometric " +
    'mean of the three strengths after as many images: what can be compared is which strength leads, and when.';
  return ['## The strength of the regularisation', text, ...source(figure)];
};

const HEAD = `# Results

_a < b_: smaller, hence better, as claimed and beyond the noise; _a > b_: the other way round, beyond the noise; _a ≈ b_: within it. †:
blocks of samples of one training, which know nothing of how training varies. Verdicts are of the scale at hand, a laptop's, not of the paper.`;

const RULES = `A test needs three values of each kind. Values of the same training seeds, or of the same blocks of samples, are compared one by one, with a one-sided t-test of the log ratios at 5 %; others
must not overlap, which chance does to three and three values in one case of twenty. As much the other way round is "contradicted", and what lies
between is "within the noise": such a test could not have seen a smaller difference than "could see" says, as a share of what it compared with. Where there is no difference, one test in ten is beyond the noise by chance alone, half of them as claimed, and of those with several comparisons (C6) more. The rule was chosen after these values were known, and where the lead is looked for among several evaluations (C2) chance has more room: new seeds decide. A seed fixes what is drawn, not how a processor rounds: on another one the same training ends elsewhere, about as far off as another seed's, and a verdict near the edge can change. In brackets: smallest and largest value. A claim's verdict is that of its tests over training seeds; those on
blocks of one training are counted beside them.`;

const ABOUT = `Everything on this page is generated: \`npm run tables\` writes it from \`figures/*.json\`, which notebooks and commands store with
their figures, and from \`data/literature.json\`, the numbers of the paper. \`npm run tables -- --check\` tells whether it is up to
date, and a unit test does the same. \`npm run reproduce\` measures again.

"commit" is the one that computed a value, stored with it when it was computed; "(other code)": the code that computes it has changed
since, and \`npm run notebooks -- run --fresh\` computes it again; "unknown": computed before results kept it. A commit
that git does not find was joined with others when its work landed; the hash of the code, stored with
the value, still tells whether today's code computes it.

Distances here and in the paper are different metrics on different data: where that is so, both stand side by side and no difference is
taken. What can be compared is the order of things.`;

/** RESULTS.md: verdicts first, then experiment by experiment, then `more` sections. Markdown, not yet formatted. */
export const resultsPage = (
  results: StoredResults,
  literature: readonly LiteratureRow[],
  more: readonly string[] = [],
): string => {
  const verdicts = testClaims(results, literature);
  const tables = (from: string, to: string): string[] =>
    RESULT_TABLES.filter(({ result }) => result >= from && result < to).map(kind => section(kind, results, literature));
  return [
    HEAD,
    verdictPage(verdicts, results),
    ...strengthsSection(results),
    '## Tests of the claims',
    RULES,
    testLines(verdicts, results),
    '## Tables',
    ABOUT,
    ...tables('', '06'),
    costSection(results),
    ...tables('06', '08'),
    theorySection(results),
    ...tables('08', '~'),
    networksSection(literature),
    ...more,
  ].join('\n\n');
};

/** The verdict of each claim, for README. */
export const verdictBlock = (results: StoredResults, literature: readonly LiteratureRow[]): string =>
  `${verdictLines(testClaims(results, literature))}\n\n_Rules, numbers and every table beside the paper's: [RESULTS.md](RESULTS.md)._`;
