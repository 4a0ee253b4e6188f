import { expectNumber } from '../compute/check';
import { onOneLine } from '../text';
import { insideKernel, openOutput } from './kernel';
import { clock, type Pace, paceMeter } from './pace';

/** Options of `progress`. */
export type ProgressOptions = {
  /** When it is done, in `unit`; unless given, the line shows the time alone until an update tells it. */
  total?: number;
  /** What is counted, default 'images'. */
  unit?: string;
  /** Before the bar. */
  label?: string;
};

/** Values shown after the bar: a loss, memory in use. */
export type Extra = Readonly<Record<string, number | string>>;

/** How `done` is to be understood. */
export type Counting = {
  /** Of `done`, what was made now; the rest was there before. */
  made?: number;
  /** What is known of the rest: 'from cache, made by 1a2b3c4 in 6:14'. */
  found?: string;
  /** Another total than at the beginning. */
  total?: number;
};

/** A line that says how far something has come. */
export type Progress = {
  /** `done` of the total so far; shown at most four times a second. */
  update: (done: number, extra?: Extra, counted?: Counting) => void;
  /** Values beside the bar while nothing new is done: a compilation's seconds. */
  note: (extra: Extra) => void;
  /** The last line, which a saved notebook keeps. */
  done: (extra?: Extra) => void;
};

const barWidth = 20;
const shortestPause = 250; // ms between two updates

const count = (value: number): string =>
  value.toLocaleString('en-US', { maximumFractionDigits: value < 10 && !Number.isInteger(value) ? 1 : 0 });

const extraText = (extra: Extra): string =>
  Object.entries(extra)
    .map(([key, value]) => ` · ${key} ${typeof value === 'number' ? Number(value.toPrecision(3)) : value}`)
    .join('');

/** The state of a progress line. */
export type ProgressState = Required<Omit<ProgressOptions, 'total'>> & {
  total: number | undefined;
  done: number;
  /** Since the start. */
  seconds: number;
  pace?: Pick<Pace, 'rate' | 'left'>;
  extra?: Extra;
  /** Of `done`, what was made now; default all of it. */
  made?: number;
  /** Where the rest is from. */
  found?: string;
  ended?: boolean;
};

/** One line: `digits  ████████░░░░  50 %  1,000 / 2,000 images · 412 images/s · 0:02, 0:02 left · loss 0.25`. */
export const progressText = ({
  label,
  total,
  unit,
  done,
  seconds,
  pace: { rate = 0, left } = {},
  extra = {},
  made = done,
  found,
  ended = false,
}: ProgressState): string => {
  if (total === undefined) return `${label && `${label}  `}${clock(seconds)}${extraText(extra)}`;
  if (found !== undefined && ended && made <= 0 && done >= total)
    return `${label && `${label}  `}${count(done)} ${unit} ${found}`;
  const share = total > 0 ? Math.min(1, done / total) : 1;
  const filled = Math.floor(share * barWidth);
  const head = `${label && `${label}  `}${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)}`;
  const percent = `${Math.floor(share * 100)} %`.padStart(5);
  const speed = rate > 0 ? ` · ${count(rate)} ${unit}/s` : '';
  const rest = !ended && left !== undefined && done < total ? `, ${clock(left)} left` : '';
  const stopped = ended && done < total ? ', stopped' : '';
  const cached = found === undefined ? '' : ` · ${count(done - made)} ${found}`;
  const time = ` · ${clock(seconds)}${rest}${stopped}`;
  return `${head} ${percent}  ${count(done)} / ${count(total)} ${unit}${speed}${time}${cached}${extraText(extra)}`;
};

/**
 * A progress line that updates in place: plain text, which every viewer of a saved notebook shows. A loop must let the
 * event loop turn now and then (`await` a timer or `setImmediate`), or nothing is sent before it ends. Outside a kernel
 * it draws on a terminal's stderr, if there is one.
 * @example
 * const bar = progress({ total: 100, unit: 'images', label: 'drawing' });
 * bar.update(50);
 * bar.done();
 */
export const progress = ({ total, unit = 'images', label = '' }: ProgressOptions): Progress => {
  if (total !== undefined) expectNumber('progress', 'total', total, { min: 0 });
  const output = openOutput();
  const start = performance.now();
  const pace = paceMeter();
  type Changing = Pick<ProgressState, 'done' | 'total' | 'pace' | 'extra' | 'made' | 'found'>;
  let [shownAt, state] = [-Infinity, { done: 0, total, extra: {} } as Changing];
  const draw = (ended: boolean) => {
    const seconds = (performance.now() - start) / 1000;
    const text = progressText({ unit, label, seconds, ...state, ended });
    if (insideKernel()) output({ 'text/plain': text });
    else if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${onOneLine(text)}${ended ? '\n' : ''}`);
  };
  const drawSoon = () => {
    const now = performance.now();
    if (now - shownAt < shortestPause) return;
    shownAt = now;
    draw(false);
  };
  draw(false);
  return {
    update: (done, extra = state.extra, { made = done, found, total: all = state.total } = {}) => {
      state = { done, total: all, pace: pace({ done, total: all, made }), extra, made, found };
      drawSoon();
    },
    note: extra => {
      state = { ...state, extra };
      drawSoon();
    },
    done: (extra = state.extra) => {
      state = { ...state, extra };
      draw(true);
    },
  };
};
