/* What a distillation will take of this machine, from a few small steps of it. */
import { median } from 'd3';
import { machineMemory } from '../compute/machine-memory';
import { dismissWorkers } from '../compute/onnx';
import { sharedDevice } from '../compute/xla/shared-device';
import { type Denoiser, parameterCount } from '../networks';
import { type EngineReport, workersFor } from '../training';
import { checkDistillation, type DistillSetup, startDistillation } from './distill-run';

/** A small step that was measured: every update of the method once. */
export type MeasuredStep = {
  /** Samples in one round. */
  samples: number;
  /** Without tracing and opening sessions. */
  seconds: number;
  /** Peak memory of the process while it ran, bytes. */
  peakBytes: number;
  /**
   * The most that the accelerator's memory had held when it ended, bytes of one device; absent where none computes, or its
   * plugin does not say.
   */
  deviceBytes?: number;
};

/** What a distillation will take in time and memory. */
export type DistillEstimate = {
  /** The steps that were tried. */
  measured: readonly MeasuredStep[];
  engine: EngineReport;
  /** Samples of a step of the run. */
  batch: number;
  /** Of such a step, in its rounds. */
  stepSeconds: number;
  /** Of all images, without sheets and measurements. */
  totalSeconds: number;
  /** Parameters, average, gradients and moments, each once. */
  stateBytes: number;
  /** Of the process, at the samples of a round. */
  memoryBytes: number;
  /**
   * Of one accelerator, at its samples of a round, and what it has, in bytes; absent where `deviceBytes` are. It is what
   * the process held there at most: of the run alone where it did nothing else before.
   */
  deviceMemory?: { bytes: number; limit: number };
};

/** Bytes of theta, phi, psi, phi's average, gradients and Adam's moments, each once. */
export const stateBytes = (given: DistillSetup): number => {
  const { method, options } = checkDistillation(given);
  const { theta, phi, psi } = method.denoisers;
  const sizeOf = (denoiser?: Denoiser): number => (denoiser ? parameterCount(denoiser.parameters) : 0);
  const trained = method.updates.reduce((sum, { trains }) => sum + sizeOf(method.denoisers[trains]), 0);
  const vectors = options.beta1 > 0 ? 3 : 2; // gradient, v and, where it is kept, m
  return 4 * (sizeOf(theta) + 2 * sizeOf(phi) + sizeOf(psi) + vectors * trained);
};

/** The most memory that `work` has while it runs, looked at between its turns. */
const peakOf = async (work: () => Promise<unknown>): Promise<number> => {
  let peak = 0;
  const look = (): void => void (peak = Math.max(peak, process.memoryUsage.rss()));
  const timer = setInterval(look, 20);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  look();
  return peak;
};

const ENOUGH = 1; // second of steps
const MOST = 5; // steps

type Measurement = { step: MeasuredStep; engine: EngineReport };

/** One round of so many samples, after one that traces it: the median of a few where they are quick. */
const measure = async (
  given: DistillSetup,
  samples: number,
  workers: number,
  signal?: AbortSignal,
): Promise<Measurement> => {
  const run = startDistillation({ ...given, run: { ...given.run, batch: samples, accumulationRounds: 1, workers } });
  try {
    const seconds: number[] = [];
    const peakBytes = await peakOf(async () => {
      for (let steps = 1; steps <= 1 + MOST; steps++) {
        await run.train({ images: steps * samples, signal });
        signal?.throwIfAborted();
        if (steps > 1) seconds.push(run.history[steps - 1].seconds);
        if (seconds.reduce((sum, s) => sum + s, 0) > ENOUGH) break;
      }
    });
    const { engineReport: engine } = run;
    const deviceBytes = engine.engine === 'xla' ? (await sharedDevice()).memory?.().peak : undefined;
    return { step: { samples, seconds: median(seconds)!, peakBytes, ...(deviceBytes && { deviceBytes }) }, engine };
  } finally {
    run.dispose();
    await dismissWorkers(); // their memory is not the next measurement's
  }
};

/** Seconds that the second measurement may take by what the first says. */
const PATIENCE = 30;

/** What to measure next: one sample a worker; then the run's own round, or where that takes long four samples a worker. */
const samplesToMeasure = (round: number, workers: number, first?: MeasuredStep): number => {
  if (!first) return Math.min(round, workers);
  return (first.seconds * round) / first.samples <= PATIENCE ? round : Math.min(round, 4 * workers);
};

/** A line through one or two measurements, neither falling nor below 0. */
const lineThrough = (points: readonly (readonly [x: number, y: number])[]): ((x: number) => number) => {
  const [[x0, y0], [x1, y1] = [0, 0]] = points;
  const slope = Math.max(0, (y1 - y0) / (x1 - x0));
  const start = y0 - slope * x0;
  return start >= 0 ? x => start + slope * x : x => (y1 / x1) * x;
};

/** Memory of a device at its samples of a round, by what it held at its samples of the measured ones. */
const deviceMemoryOf = async (
  results: readonly Measurement[],
  round: number,
  state: number,
): Promise<DistillEstimate['deviceMemory']> => {
  const share = ({ step, engine }: Measurement): number => step.samples / engine.workers;
  const points = results.flatMap(result =>
    result.step.deviceBytes === undefined ? [] : [[share(result), result.step.deviceBytes] as const],
  );
  const last = points.at(-1);
  if (!last) return undefined;
  const others = points.filter(([samples]) => samples < last[0]); // more devices may leave each as many
  const line = lineThrough([others[0] ?? [0, state], last]);
  const { limit } = (await sharedDevice()).memory!();
  return { bytes: line(round / results.at(-1)!.engine.workers), limit };
};

/**
 * Measures a round of one sample a worker and a larger one, the run's own where that is quick, and scales: time and memory
 * of a round are a constant and a part that grows with its samples. Memory is the process's, and the accelerator's where one
 * computes. Where the larger round would not fit into the process's, one measurement has to do, and time is taken to grow
 * with the samples.
 * @throws the signal's reason when stopped; OutOfDeviceMemoryError where the accelerator has no room for the larger round
 */
export const estimateDistillation = async (
  given: DistillSetup & { images: number; signal?: AbortSignal; onMeasure?: (samples: number) => void },
): Promise<DistillEstimate> => {
  const { images, signal, onMeasure } = given;
  const { options } = checkDistillation(given);
  const workers = workersFor(options);
  const state = stateBytes(given);
  const results: Measurement[] = [];
  const { batch, accumulationRounds } = options;
  const round = batch / accumulationRounds;
  for (let i = 0; i < 2; i++) {
    const before = results.at(0)?.step;
    const samples = samplesToMeasure(round, workers, before);
    if (samples === before?.samples) break;
    if (before && state + ((before.peakBytes - state) * samples) / before.samples > machineMemory()) break;
    onMeasure?.(samples);
    results.push(await measure(given, samples, workers, signal));
  }
  const measured = results.map(({ step }) => step);
  const at = (value: 'seconds' | 'peakBytes', origin: number): number => {
    const points = measured.map(step => [step.samples, step[value]] as const);
    return lineThrough(points.length === 1 ? [[0, origin], ...points] : points)(round);
  };
  const stepSeconds = accumulationRounds * at('seconds', 0);
  const deviceMemory = await deviceMemoryOf(results, round, state);
  return {
    measured,
    engine: results.at(-1)!.engine,
    batch,
    stepSeconds,
    totalSeconds: stepSeconds * Math.ceil(images / batch),
    stateBytes: state,
    memoryBytes: at('peakBytes', state),
    ...(deviceMemory && { deviceMemory }),
  };
};
