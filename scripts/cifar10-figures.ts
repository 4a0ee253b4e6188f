/* The pictures of the real run: samples, quality per network evaluation, quality and losses on the way. */
import { type Dataset, indexRange, networkUnits } from '../src/datasets';
import { barsPerStep, curvesWithSpread, imageGrid, lossChart, renderChart } from '../src/figures';
import type { Provenance } from '../src/figures/provenance';
import type { MetricResult } from '../src/metrics';
import type { Model } from '../src/networks';
import { joinImages } from '../src/runs';
import { type Cifar10Point, type Cifar10Results, cifar10Sampler, keepFigure } from '../src/studies';

const COLUMNS = 14;
const FIRST_SEED = 2 ** 20; // apart from the measured ones

const resultOf = ({ results }: Cifar10Point, metric: string): MetricResult =>
  results.find(result => result.metric === metric)!;

const valuesOf = (points: readonly Cifar10Point[], metric: string) =>
  points.flatMap(point =>
    resultOf(point, metric).blocks.map((value, seed) => ({ series: point.series, steps: point.steps, seed, value })),
  );

const samples = async (models: { teacher: Model; generator: Model }, real: Dataset) => {
  const seeds = indexRange(COLUMNS, FIRST_SEED);
  const draw = async (series: Cifar10Point['series'], steps: number): Promise<Float32Array> =>
    (await cifar10Sampler(series, series === 'teacher' ? models.teacher : models.generator, steps)({ seeds })).data;
  const rows = [
    ['real images', networkUnits((await real.batch(indexRange(COLUMNS))).x)],
    ['teacher, NFE 35', await draw('teacher', 35)],
    ['teacher, NFE 9', await draw('teacher', 9)],
    ['CoSIM, 1 step', await draw('CoSIM', 1)],
    ['CoSIM, 2 steps', await draw('CoSIM', 2)],
    ['CoSIM, 4 steps', await draw('CoSIM', 4)],
  ] as const;
  const [h, w, c] = real.sampleShape;
  const sheet = await imageGrid({
    images: joinImages(rows.map(([, images]) => images)),
    n: rows.length * COLUMNS,
    h,
    w,
    c,
    columns: COLUMNS,
    scale: 5,
    rowLabels: rows.map(([label]) => label),
    title: 'CIFAR-10 at 16 × 16: below the real images, one noise a column',
  });
  return { sheet, seeds };
};

/** Writes figures/<name>_*: each picture with its numbers. */
export const drawCifar10Figures = async (
  name: string,
  models: { teacher: Model; generator: Model },
  { points, curve, teacherHistory, history }: Cifar10Results,
  real: Dataset,
  made: Provenance,
): Promise<void> => {
  const keep = { ...made, preset: 'laptop' };
  const fd = resultOf(points[0], 'fd');
  const { n, nReference, floor, features } = fd;
  const metric = `Fréchet distance, ${features.name}`;
  const floorLine = { value: floor!, label: 'real vs real' };

  const { sheet, seeds } = await samples(models, real);
  await keepFigure(`${name}_samples`, sheet, { seeds }, keep);

  const bars = barsPerStep({
    title: 'CIFAR-10 at 16 × 16: quality per network evaluation',
    subtitle: `n = ${n} in each of ${fd.blocks.length} blocks against ${nReference} real images`,
    values: valuesOf(points, 'fd'),
    metric,
    floor: floorLine,
  });
  await keepFigure(`${name}_quality`, await renderChart(bars), { points }, keep);

  const best = points.filter(({ series }) => series === 'teacher').map(point => resultOf(point, 'fd').value);
  const curves = curvesWithSpread({
    title: 'CoSIM on CIFAR-10 at 16 × 16, on the way',
    subtitle: `one block of n = ${n} against ${nReference} real images`,
    points: curve.map(point => ({
      series: `${point.steps} step${point.steps > 1 ? 's' : ''}`,
      x: point.images,
      seed: 0,
      value: resultOf(point, 'fd').value,
    })),
    x: { title: 'training images of CoSIM', log: true },
    y: { title: metric },
    floor: floorLine,
    teacher: { value: Math.min(...best), label: 'teacher, best NFE' },
  });
  await keepFigure(`${name}_on_the_way`, await renderChart(curves), { curve, teacher: best }, keep);

  const teacherLoss = lossChart({
    title: 'Teacher: denoising loss',
    subtitle: "EDM's loss summed over an image",
    reports: teacherHistory,
    metrics: { phiLoss: 'loss' },
  });
  const cosimLoss = lossChart({
    title: 'CoSIM: both networks',
    subtitle: 'the score gap is ‖D − F‖² an image; the losses are no measure of quality',
    reports: history,
    metrics: { psiLoss: 'auxiliary loss', phiLoss: 'generator loss', phiScoreGap: 'score gap' },
  });
  const binned = (reports: Cifar10Results['history'], keys: readonly string[]) =>
    reports.map(report => [report.images, ...keys.map(key => Number(report[key].toPrecision(6)))]);
  await keepFigure(
    `${name}_teacher_loss`,
    await renderChart(teacherLoss),
    { columns: ['images', 'phiLoss'], rows: binned(teacherHistory, ['phiLoss']) },
    keep,
  );
  const keys = ['psiLoss', 'phiLoss', 'phiScoreGap'];
  await keepFigure(
    `${name}_cosim_loss`,
    await renderChart(cosimLoss),
    { columns: ['images', ...keys], rows: binned(history, keys) },
    keep,
  );
};
