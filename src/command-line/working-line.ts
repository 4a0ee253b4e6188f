import { clock, type Counted, type Pace, paceMeter } from '../notebook';
import { grouped, progressLine, type Terminal } from './terminal';

/** How far long work is. */
export type Work = Counted & {
  /** What is being done; its rate is measured from its own start. */
  stage?: string;
  /** What is counted, default 'images'; bytes are shown as 'MB'. */
  unit?: string;
  note?: string;
};

const numberText = (value: number, unit: string): string => {
  if (unit === 'MB') return (value / 1e6).toFixed(1);
  return value < 10 && !Number.isInteger(value) ? value.toFixed(1) : grouped(Math.floor(value));
};

/** `measured: 1,200 of 6,000 images, 35 images/s, 2:10 left`. */
export const workText = ({ stage, done, total, unit = 'images', note }: Work, { rate = 0, left }: Pace): string => {
  const whole = total === undefined ? '' : ` of ${numberText(total, unit)}`;
  return [
    `${stage === undefined ? '' : `${stage}: `}${numberText(unit === 'MB' ? done : Math.floor(done), unit)}${whole} ${unit}`,
    ...(rate > 0 ? [`${numberText(rate, unit)} ${unit}/s`] : []),
    ...(rate > 0 && left !== undefined ? [`${clock(left)} left`] : []),
    ...(note === undefined ? [] : [note]),
  ].join(', ');
};

/** The text of each report of some work, with rate and time left measured anew for each stage. */
export const workTexts = (): ((work: Work) => string) => {
  let [stage, pace]: [string | undefined, ReturnType<typeof paceMeter>] = [undefined, paceMeter()];
  return work => {
    if (work.stage !== stage) [stage, pace] = [work.stage, paceMeter()];
    return workText(work, pace(work));
  };
};

const SHORTEST_PAUSE = 100; // ms between two updates

/** A line of progress. */
export type WorkingLine = {
  show: (work: Work) => void;
  /** Seconds since compilation began. */
  compiling: (seconds: number) => void;
  clear: () => void;
};

/** A line of progress on a terminal. */
export const workingLine = (terminal: Terminal): WorkingLine => {
  const line = progressLine(terminal);
  let textOf = workTexts();
  let [stage, shown]: [string | undefined, number] = [undefined, -Infinity];
  return {
    show: work => {
      const text = textOf(work);
      const now = performance.now();
      if (work.stage === stage && now - shown < SHORTEST_PAUSE && work.done < (work.total ?? Infinity)) return;
      [stage, shown] = [work.stage, now];
      line.show(text);
    },
    compiling: seconds => {
      line.show(`compiling, ${seconds} s`);
      textOf = workTexts(); // a compilation is no part of what comes next
    },
    clear: line.clear,
  };
};
