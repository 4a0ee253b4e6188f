/* The tables of RESULTS.md that set measured values beside the paper's: one entry an experiment. */
import { counted } from '../figures';
import { DINO, INCEPTION } from '../tasks';
import { grouped } from './claim-outcome';
import type { ResultRow } from './result-rows';
import type { LineKind, ResultTable } from './result-tables';

/** A line a method and number of evaluations; the teacher's stand beside VP-EDM's. */
const perSteps = (table: number) => {
  const line = ({ series, nfe = 0 }: Pick<ResultRow, 'series' | 'nfe'>): LineKind => ({
    label: series === 'teacher' ? `teacher, ${counted(nfe, 'evaluation')}` : `${series}, ${counted(nfe, 'step')}`,
    paper: { table, method: series === 'teacher' ? 'VP-EDM' : series.replace(/, K = \d+$/, ''), nfe },
  });
  return {
    line,
    expected: [2, 4].map(nfe => line({ series: 'CoSIM', nfe })),
  };
};

/** A line a strength and number of training images; the first and the last stand beside Table 6's first and last. */
const perStrength = {
  line: ({ coef, images = 0 }: ResultRow, all: readonly ResultRow[]): LineKind => {
    const evaluations = all.map(row => row.images ?? 0);
    const place =
      images === Math.min(...evaluations) ? 204_000 : images === Math.max(...evaluations) ? 4_096_000 : undefined;
    const paper = place === undefined ? undefined : { table: 6, coef, images: place };
    return { label: `coef ${coef}, ${grouped(images)} images`, paper };
  },
  expected: [0.5, 0.75, 1].map((coef): LineKind => ({ label: `coef ${coef}`, paper: { table: 6, coef } })),
};

/** A line a size, method and number of steps, beside Tables 2 and 4. */
const perSize = (() => {
  const line = ({ series, size, nfe = 0 }: Pick<ResultRow, 'series' | 'size' | 'nfe'>): LineKind => ({
    label: `${series} ${size}, ${counted(nfe, series === 'teacher' ? 'evaluation' : 'step')}`,
    paper: {
      dataset: 'ImageNet-512',
      method: `${series === 'teacher' ? 'EDM2' : series}-${size}`,
      nfe,
      images: undefined, // Table 6 has the same networks on their way
    },
  });
  const sizes = ['S', 'M', 'L'].flatMap(size => [2, 4].map(nfe => line({ series: 'CoSIM', size, nfe })));
  return { line, expected: sizes };
})();

/** A line a task, number of steps and grid of times; the paper prints neither times nor a comparison. */
const perGrid = {
  line: ({ task, nfe = 0, grid }: ResultRow): LineKind => ({
    label: [task, counted(nfe, 'step'), grid].filter(part => part !== undefined).join(', '),
  }),
  expected: [{ label: "searched times against EDM's grid" }],
};

/** A line a feature space and number of images. */
const perNumber = {
  line: ({ series, x }: ResultRow): LineKind => ({ label: `${series}, n = ${x}` }),
  expected: [{ label: 'floors against n' }],
};

const DIGITS = { dataset: 'drawn digits', metric: "Fréchet distance (a small digit classifier's features)" };
const POINTS = { dataset: 'checkerboard', metric: 'sliced W2 (data deviation 0.5)' };

/** A line a strength and number of training images, each beside Table 6's own. */
const table6 = {
  ...perStrength,
  line: ({ coef, images = 0 }: ResultRow): LineKind => ({
    label: `coef ${coef}, ${grouped(images)} images`,
    paper: { table: 6, coef, images: Math.floor(images / 1000) * 1000 },
  }),
};

/** The same notebooks at their `paper` preset: the paper's networks, data and metrics, so that a difference can be taken. */
const AT_PAPER_SCALE: readonly ResultTable[] = [
  {
    ...table6,
    whole: true,
    dataset: 'ImageNet-512',
    metric: 'FD-DINOv2',
    title: "At the paper's scale: regularisation (Table 6)",
    text: 'EDM2-L distilled on ImageNet-512 latents, two steps.',
    result: 'paper/03_images',
    notebook: '03_regularization_ablation',
  },
  ...[{ metric: 'FID' }, { metric: 'FD-DINOv2', also: DINO }].flatMap((metric): ResultTable[] => [
    {
      ...perSteps(1),
      ...metric,
      dataset: 'CIFAR-10',
      title: `At the paper's scale: CIFAR-10, ${metric.metric} (Table 1)`,
      text: "EDM's VP teacher, unconditional.",
      result: 'paper/05_images',
      notebook: '05_methods',
    },
    {
      ...perSteps(3),
      ...metric,
      dataset: 'ImageNet-64',
      title: `At the paper's scale: ImageNet-64, ${metric.metric} (Table 3)`,
      text: "EDM's ADM teacher, class-conditional.",
      result: 'paper/06_quality',
      notebook: '06_conditional',
    },
  ]),
  ...[
    { metric: 'FD-DINOv2', number: 2 },
    { metric: 'FID', number: 4, also: INCEPTION },
  ].map(({ number, ...metric }): ResultTable => ({
    ...perSize,
    ...metric,
    dataset: 'ImageNet-512',
    title: `At the paper's scale: ImageNet-512, ${metric.metric} (Table ${number})`,
    text: 'EDM2 S, M, L on latents.',
    result: 'paper/07_sizes',
    notebook: '07_latents',
  })),
];

export const RESULT_TABLES: readonly ResultTable[] = [
  {
    ...DIGITS,
    ...perSteps(3),
    title: 'Steps, one training (Tables 1 and 3; Figures 2 and 8)',
    text: 'Two against four steps from the same noise, class-conditional, beside the teacher; the paper: ImageNet-64, Table 3.',
    result: '02_quality_per_nfe',
    notebook: '02_two_vs_four_steps',
  },
  {
    ...POINTS,
    ...perStrength,
    whole: true,
    title: 'Regularisation on the checkerboard (Table 6)',
    text: "The strength coef = alpha (1 + lambda) against training images; the paper's are its fewest and most images.",
    result: '03_points',
    notebook: '03_regularization_ablation',
  },
  {
    ...DIGITS,
    ...perStrength,
    whole: true,
    title: 'Regularisation on drawn digits (Table 6)',
    text: "The same on images; the paper's are its fewest and most images.",
    result: '03_images',
    notebook: '03_regularization_ablation',
  },
  {
    dataset: 'CIFAR-10',
    metric: 'Fréchet distance',
    ...perNumber,
    title: 'Floors against n',
    text: 'What real images get: a distance below this cannot be told from perfect. The paper has no such table.',
    result: '04_floors',
    notebook: '04_metrics_on_real_data',
  },
  {
    ...POINTS,
    ...perSteps(1),
    title: 'Methods on the checkerboard (Table 1)',
    text: 'All methods with the same teacher, network, budget of images and seeds; the paper: CIFAR-10, Table 1.',
    result: '05_points',
    notebook: '05_methods',
  },
  {
    ...DIGITS,
    ...perSteps(1),
    title: 'Methods on drawn digits (Table 1)',
    text: 'The same on images; the paper: CIFAR-10, Table 1.',
    result: '05_images',
    notebook: '05_methods',
  },
  {
    ...DIGITS,
    ...perSteps(3),
    title: 'Class-conditional digits (Table 3)',
    text: 'Quality against steps with labels; the paper: ImageNet-64, Table 3.',
    result: '06_quality',
    notebook: '06_conditional',
  },
  {
    dataset: 'latents',
    metric: 'Fréchet distance of decoded latents',
    ...perSize,
    title: 'Sizes of network on latents (Tables 2 and 4)',
    text: 'EDM2 networks of three sizes; the paper: ImageNet-512, Tables 2 and 4.',
    result: '07_sizes',
    notebook: '07_latents',
  },
  {
    dataset: 'checkerboard, drawn digits',
    metric: "each task's own",
    ...perGrid,
    title: 'Sampling times (Algorithm 1)',
    text: "EDM's grid, a published stand-in, and what the greedy search found; searched and evaluated with different seeds.",
    result: '09_found_times',
    notebook: '09_sampling_times',
  },
  {
    dataset: 'CIFAR-10 at 16 × 16',
    metric: "Fréchet distance (MobileNet's features)",
    ...perSteps(1),
    title: 'CIFAR-10 at 16 × 16 (Table 1)',
    text: 'A teacher and generators of 3.0 M parameters trained on a GPU (`npm run study -- cifar10`); the paper: CIFAR-10 at 32 × 32, Table 1.',
    result: 'study_cifar10_quality',
  },
  ...AT_PAPER_SCALE,
];
