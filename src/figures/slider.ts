import { ArgumentError, fail } from '../compute/check';
import type { ChartSpec } from './theme';

/** A slider under a chart that picks one of the values that an option had; without Vega-Lite the chart is still there. */
export type Slider = {
  /** Name of the option, written beside the slider: 'coef'. */
  option: string;
  /** Value that is picked first, one of those that the option had; default: the middle one. */
  start?: number;
  /** The slider moves over powers of two of the value: for values that double from one to the next. */
  log?: boolean;
};

/** Vega signals: where the slider is, and the value nearest to it that the option had. */
const SIGNALS = { place: 'sliderPlace', picked: 'sliderPicked' } as const;

/** Finest slider: so many places from end to end. */
const FINEST = 500;

const rounded = (value: number): number => Number(value.toPrecision(10));

/** The largest step that meets all places, in which a slider may move; 1/500 of its length where that would be finer. */
const stepOf = (places: readonly number[]): number => {
  const length = places[places.length - 1] - places[0];
  const unit = length / 1e6; // differences of decimals are not exact
  const common = (a: number, b: number): number => (b < unit ? a : common(b, a % b < b - unit ? a % b : 0));
  const step = places.slice(1).reduce((found, place, i) => common(found, place - places[i]), length);
  return rounded(Math.max(step, length / FINEST));
};

/**
 * The parameters of a chart with a slider over these values: rising, at least two. The slider stands on any place between
 * the first and the last; the chart shows the value nearest to it.
 * @throws ArgumentError for fewer than two values, for a `start` that is none of them, and for values that a logarithmic
 * slider cannot place
 */
export const sliderParams = (where: string, slider: Slider, given: readonly number[]): ChartSpec[] => {
  const { option, log = false } = slider;
  const values = [...new Set(given)].sort((a, b) => a - b);
  if (values.length < 2) fail(where, `values of ${option}`, 'at least two, to slide over', values);
  const start = slider.start ?? values[Math.floor((values.length - 1) / 2)];
  if (!values.includes(start)) fail(where, 'slider.start', `one of ${values.join(', ')}`, start);
  if (values.some(value => !Number.isFinite(value) || (log && value <= 0)))
    throw new ArgumentError(`${where}: a ${log ? 'logarithmic ' : ''}slider cannot stand on ${values.join(', ')}.`);
  const placeOf = (value: number): number => (log ? rounded(Math.log2(value)) : value);
  const places = values.map(placeOf);
  const nearest = values
    .slice(0, -1)
    .reduceRight(
      (others, value, i) => `${SIGNALS.place} < ${(places[i] + places[i + 1]) / 2} ? ${value} : ${others}`,
      String(values[values.length - 1]),
    );
  const bind = {
    input: 'range',
    min: places[0],
    max: places[places.length - 1],
    step: stepOf(places),
    name: log ? `log2 of ${option} ` : `${option} `,
  };
  return [
    { name: SIGNALS.place, value: placeOf(start), bind },
    { name: SIGNALS.picked, expr: nearest },
  ];
};

/** Keeps the rows whose field has the value that the slider picks. */
export const onlyPicked = (field: string): ChartSpec => ({ filter: `datum.${field} === ${SIGNALS.picked}` });

/** What is picked, as text in the chart: 'coef 0.75'. */
export const pickedText = ({ option }: Slider): ChartSpec => ({
  expr: `'${option.replaceAll("'", "\\'")} ' + format(${SIGNALS.picked}, '~g')`,
});
