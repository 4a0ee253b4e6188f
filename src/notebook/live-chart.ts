import { lossChart, renderPng, sideBySide, type StepReport } from '../figures';
import { bundleOf } from './display';
import { insideKernel, openOutput } from './kernel';
import { type Extra, progress } from './progress';

/** Options of `liveRun`. */
export type LiveRunOptions = {
  /** Training images. */
  total: number;
  label?: string;
  /** Keys of the reports to draw -> axis titles. */
  metrics: Readonly<Record<string, string>>;
};

/** A training run shown while it goes on. */
export type LiveRun = {
  /** A step's report: moves the progress line and, now and then, redraws the chart. */
  onReport: (report: StepReport) => Promise<void>;
  /** Seconds since compilation began, before the first step. */
  onCompile: (seconds: number) => void;
  /** The newest samples as PNG, shown beside the chart from its next drawing on. */
  onSamples: (png: Uint8Array) => void;
  /** Draws the final state, which a saved notebook keeps. */
  done: () => Promise<void>;
};

const shortestPause = 2000; // ms between two drawings
const largestShare = 0.03; // of the running time that drawing may take

/**
 * The panel of a training run: a progress line, and under it one picture that updates in place, the losses beside the
 * current samples. Both stay in the saved notebook as text and PNG. Outside a kernel nothing is drawn.
 * @example
 * const live = liveRun({ total: p.images, metrics: { psiLoss: 'generator loss', phiLoss: 'auxiliary loss' } });
 * await run.train({ images: p.images, onReport: live.onReport, onCompile: live.onCompile });
 * await live.done();
 */
export const liveRun = ({ total, label = '', metrics }: LiveRunOptions): LiveRun => {
  const line = progress({ total, unit: 'images', label });
  const output = openOutput();
  const reports: StepReport[] = [];
  let samples: Uint8Array | undefined;
  let drawing: Promise<void> | undefined;
  let nextAt = performance.now() + shortestPause / 2;

  const draw = async (): Promise<void> => {
    if (!insideKernel() || reports.length === 0) return;
    const start = performance.now();
    const chart = await renderPng(lossChart({ title: label, reports, metrics, width: 360, panelHeight: 90 }));
    output(bundleOf(samples ? await sideBySide([chart, samples]) : chart));
    const now = performance.now();
    nextAt = now + Math.max(shortestPause, (now - start) / largestShare);
  };
  return {
    onReport: async report => {
      reports.push(report);
      const values: Extra = Object.fromEntries(Object.keys(metrics).map(key => [metrics[key], report[key]]));
      line.update(report.images, values);
      if (drawing !== undefined || performance.now() < nextAt) return;
      drawing = draw().finally(() => (drawing = undefined));
      await drawing;
    },
    onCompile: seconds => {
      line.note({ compiling: `${seconds} s` });
    },
    onSamples: png => {
      samples = png;
    },
    done: async () => {
      line.done();
      await drawing;
      await draw();
    },
  };
};
