import { clock } from '../notebook';
import { grouped, progressLine, type Terminal } from './terminal';

/** Where long work is; `made` counts what was done now, without what was found done. */
export type Work = { stage: string; done: number; total: number; made: number; note?: string };

/** `judged: 1,200 of 6,000 images, 35 /s, 2:10 left`. */
export const workText = ({ stage, done, total, made, note }: Work, seconds: number): string => {
  const rate = seconds > 0 ? made / seconds : 0;
  const speed = rate > 0 ? `, ${rate < 10 ? rate.toFixed(1) : rate.toFixed(0)} /s` : '';
  const left = rate > 0 ? `, ${clock((total - done) / rate)} left` : '';
  return `${stage}: ${grouped(Math.floor(done))} of ${grouped(total)} images${speed}${left}${note === undefined ? '' : `, ${note}`}`;
};

const SHORTEST_PAUSE = 100; // ms between two updates

/** A line of progress. */
export type WorkingLine = {
  show: (work: Work) => void;
  /** Seconds since compilation began. */
  compiling: (seconds: number) => void;
  clear: () => void;
};

/** A line of progress with rate and time left, counted anew for each stage. */
export const workingLine = (terminal: Terminal): WorkingLine => {
  const line = progressLine(terminal);
  let [stage, started, shown] = ['', 0, -Infinity];
  return {
    show: work => {
      const now = performance.now();
      if (work.stage !== stage || work.made === 0) [stage, started, shown] = [work.stage, now, -Infinity];
      if (now - shown < SHORTEST_PAUSE && work.done < work.total) return;
      shown = now;
      line.show(workText(work, (now - started) / 1000));
    },
    compiling: seconds => {
      line.show(`compiling, ${seconds} s`);
      stage = ''; // what comes next is timed from its own start
    },
    clear: line.clear,
  };
};
