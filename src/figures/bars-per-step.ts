import { spread } from '../metrics';
import { referenceLines, type References } from './reference-lines';
import { chartHead, type ChartSpec, coloursOf, ink } from './theme';

/** One measurement with one seed at one number of function evaluations, or of whatever else the x axis names. */
export type StepValue = { series: string; steps: number | string; seed: number; value: number };

/** Options of `barsPerStep`. */
export type BarsOptions = References & {
  /** Title, in one line. */
  title: string;
  /** Line below the title, smaller. */
  subtitle?: string;
  /** One value for each bar and seed. */
  values: readonly StepValue[];
  /** The y axis' title, with the unit. */
  metric: string;
  /** The x axis' title, default the number of network evaluations. */
  axis?: string;
};

const barWidth = 46;
const height = 300;
const BETWEEN = { paddingInner: 0.14, paddingOuter: 0.07 }; // bars side by side: so whiskers stand in their middle
const LABEL_ROOM = 1.08; // of the highest whisker: its label stays below the legend

/** A mean as a bar's label: three significant digits, no exponent. */
const shortNumber = (value: number): string =>
  Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));

/** A metric per number of function evaluations: bars of the mean over seeds, whiskers for the range over seeds. */
export const barsPerStep = ({
  title,
  subtitle,
  values,
  metric,
  axis = 'network evaluations per sample (NFE)',
  floor,
  teacher,
}: BarsOptions): ChartSpec => {
  const series = [...new Set(values.map(value => value.series))];
  const steps = [...new Set(values.map(value => value.steps))].sort((a, b) => Number(a) - Number(b) || 0); // names stay
  const bars = steps.flatMap(count =>
    series.flatMap(name => {
      const group = values.filter(value => value.steps === count && value.series === name);
      if (group.length === 0) return [];
      const summary = spread(group.map(value => value.value));
      return [{ series: name, steps: count, ...summary, label: shortNumber(summary.mean) }];
    }),
  );
  const several = series.length > 1;
  const sideBySide = steps.some(count => bars.filter(bar => bar.steps === count).length > 1);
  const width = Math.max(320, steps.length * ((sideBySide ? series.length : 1) * barWidth + 44));
  const place = {
    x: {
      field: 'steps',
      type: 'ordinal',
      title: axis,
      axis: typeof steps[0] === 'string' ? { labelAngle: -30 } : { labelAngle: 0 },
      sort: steps,
      scale: { paddingInner: 0.3, paddingOuter: 0.2 },
    },
    ...(sideBySide ? { xOffset: { field: 'series', type: 'nominal', scale: { domain: series, ...BETWEEN } } } : {}),
  };
  const lines = [floor, teacher].flatMap(line => line?.value ?? []);
  const highest = Math.max(...bars.map(({ high }) => high), ...lines);
  const y = (field: string) => ({
    field,
    type: 'quantitative',
    title: metric,
    ...(highest > 0 && { scale: { domainMax: LABEL_ROOM * highest } }),
    axis: { tickCount: 6, grid: false, domain: true, ticks: true },
  });
  return {
    ...chartHead(title, subtitle),
    width,
    height,
    layer: [
      {
        data: { values: bars },
        mark: { type: 'bar', ...(!sideBySide && { width: { band: 0.86 } }) },
        encoding: {
          ...place,
          y: y('mean'),
          color: {
            field: 'series',
            type: 'nominal',
            scale: { domain: series, range: coloursOf(series) },
            legend: several ? { symbolType: 'square', symbolStrokeWidth: 0 } : null,
          },
        },
      },
      ...referenceLines({ floor, teacher }, width),
      {
        data: { values: bars },
        mark: { type: 'rule', color: ink.text, strokeWidth: 1.5 },
        encoding: { ...place, y: y('low'), y2: { field: 'high' } },
      },
      {
        data: { values: bars },
        mark: { type: 'text', dy: -4, baseline: 'bottom', fontSize: 12, color: ink.text },
        encoding: { ...place, y: y('high'), text: { field: 'label' } },
      },
    ],
  };
};
