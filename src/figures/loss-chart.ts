import { spread } from '../metrics';
import { chartHead, type ChartSpec, countLabels } from './theme';

/** What a training loop reports of a step: images seen so far and any metrics by name. */
export type StepReport = { step: number; images: number; [metric: string]: number };

/** Options of `lossChart`. */
export type LossOptions = {
  title: string;
  subtitle?: string;
  reports: readonly StepReport[];
  /** Key of the report -> axis title, e.g. { psiLoss: 'generator loss' }. */
  metrics: Readonly<Record<string, string>>;
  /** Width of the plot in pixels, default 520. */
  width?: number;
  /** Of each metric's panel, default 130. */
  panelHeight?: number;
};

/** More points than this cannot be told apart on screen. */
const bins = 120;

/** Runs of neighbouring reports: mean, smallest and largest of one metric, non-finite values left out. */
const binned = (reports: readonly StepReport[], key: string) => {
  const known = reports.filter(report => Number.isFinite(report[key]));
  const size = Math.ceil(known.length / bins);
  return Array.from({ length: size ? Math.ceil(known.length / size) : 0 }, (_, i) => {
    const run = known.slice(i * size, (i + 1) * size);
    const values = run.map(report => report[key]);
    const { mean, low, high } = spread(values);
    return { images: run[run.length - 1].images, mean, low, high };
  });
};

/** Training curves, a panel a metric over shared training images: the mean of neighbouring steps, their range as a band. */
export const lossChart = ({
  title,
  subtitle,
  reports,
  metrics,
  width = 520,
  panelHeight = 130,
}: LossOptions): ChartSpec => {
  const keys = Object.keys(metrics);
  const domain = [0, Math.max(1, ...reports.map(report => report.images))];
  const panels = keys.map((key, i) => {
    const last = i === keys.length - 1;
    const x = {
      field: 'images',
      type: 'quantitative',
      title: last ? 'training images' : null,
      scale: { domain, nice: false },
      axis: { ...countLabels, tickCount: 6, labels: last, ticks: last },
    };
    const y = (field: string) => ({
      field,
      type: 'quantitative',
      title: metrics[key],
      scale: { zero: false },
      axis: { tickCount: 4, minExtent: 40 },
    });
    return {
      width,
      height: panelHeight,
      data: { values: binned(reports, key) },
      encoding: { x, color: { datum: metrics[key], scale: { domain: Object.values(metrics) }, legend: null } },
      layer: [
        { mark: { type: 'area', opacity: 0.2 }, encoding: { y: y('low'), y2: { field: 'high' } } },
        { mark: { type: 'line', strokeWidth: 1.8 }, encoding: { y: y('mean') } },
      ],
    };
  });
  return { ...chartHead(title, subtitle), spacing: 12, vconcat: panels };
};
