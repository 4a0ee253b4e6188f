import type { Samples } from '../compute/host-arrays';
import * as tf from '@tensorflow/tfjs-core';
import { lockFolder } from '../checkpoints';
import { ArgumentError, expectInteger, expectKeys } from '../compute/check';
import { WorkerError } from '../compute/onnx';
import { cloneTensors, type Tensors, withPrefix } from '../compute/tensors';
import type { Dataset } from '../datasets';
import { decreasingTimes, SAMPLING_TIMES, type SamplingTimes } from '../diffusion';
import type { Method, Role, Update } from '../methods';
import { type Denoiser, matchParameters } from '../networks';
import { type HeunOptions, sampleAncestral, sampleHeun, sampleMultistep, type SamplerInput } from '../samplers';
import { badStepError, type TrainingError } from './bad-step';
import { chooseEngine, workersFor } from './choose-engine';
import { expectDataFits } from './data-fit';
import { drawAhead, type DrawBatch, partsOf } from './draw-ahead';
import { EagerEngine } from './eager-engine';
import {
  type Engine,
  type EngineReport,
  type HeldAverages,
  type PendingMetrics,
  type Position,
  slicesOf,
} from './engine';
import { runOptions, type RunOptions } from './options';
import { loadRun, saveRun } from './run-files';
import { initialState } from './step';

/** What one iteration reports: `step`, `images` seen so far, and the updates' metrics (`psiLoss`, `phiGradNorm`, ...). */
export type IterationReport = { step: number; images: number; seconds: number; [metric: string]: number };

/** Options of `Run.train`. */
export type TrainOptions = {
  /** Train until the run has seen this many images in all: calling again does nothing. */
  images: number;
  onStep?: (report: IterationReport) => void | Promise<void>;
  /** Every second while the steps are traced and compiled, before the first of them: seconds since that began. */
  onCompile?: (seconds: number) => void;
  /** Stops after the current iteration, with a checkpoint if `dir` is given. */
  signal?: AbortSignal;
  /** Where checkpoints go: at the end, on abort and every `saveEvery` images. */
  dir?: string;
  /** Images between checkpoints, default: at the end only. */
  saveEvery?: number;
};

/** Options of `Run.sample`. */
export type SampleOptions = Omit<SamplerInput, 'denoiser' | 'parameters'> &
  Omit<HeunOptions, 'noise'> & {
    /** Of Algorithm 1; default the run's own for this number of steps. */
    times?: readonly number[];
    /** The average (default) or the generator as trained last. */
    parameters?: 'ema' | 'raw';
  };

/** An update whose gradient was not finite, and which of its kind it was. */
type NonFiniteUpdate = { update: Update; step: number };

/** What a run is made of. */
export type RunParts = {
  method: Method;
  dataset: Dataset;
  options: RunOptions;
  /** Owned by the run. */
  state: Tensors;
  position: Position;
  history: IterationReport[];
  /** Sampling times that were searched for. */
  found: SamplingTimes;
};

const capitalised = (name: string): string => name[0].toUpperCase() + name.slice(1);

/** A training run: owns its tensors, trains, samples, saves, resumes. Everything it computes follows from its seed. */
export class Run {
  private engine: Engine | undefined;
  private chosen = false;
  private readonly draw: DrawBatch;

  private constructor(
    private readonly parts: Omit<RunParts, 'state'>,
    state: Tensors,
  ) {
    this.engine = new EagerEngine(state, parts.options);
    this.draw = drawAhead(parts.method, parts.dataset, workersFor(parts.options));
  }

  /**
   * A fresh run. Parameters of each role are copied, they stay the caller's.
   * @throws ArgumentError for options out of range, parameters that do not fit, or data of another shape.
   */
  static start(
    method: Method,
    parameters: Partial<Record<Role, Tensors>>,
    dataset: Dataset,
    options: Partial<RunOptions> = {},
  ): Run {
    const resolved = runOptions(options);
    const roles: Partial<Record<Role, Tensors>> = {};
    expectDataFits('run', method, dataset);
    for (const [role, { parameters: specs }] of Object.entries(method.denoisers) as [Role, Denoiser][])
      roles[role] = matchParameters(`run, ${role}`, specs, parameters[role] ?? {});
    const state = tf.tidy(() => {
      const copies = Object.entries(roles).map(([role, tensors]) => [role, cloneTensors(tensors)] as const);
      return initialState(
        Object.fromEntries(copies),
        method.updates.map(u => u.trains),
        resolved,
      );
    });
    return new Run(
      { method, dataset, options: resolved, position: { step: 0, images: 0 }, history: [], found: {} },
      state,
    );
  }

  /**
   * Goes on from the newest checkpoint in `dir`, with the identical continuation on the same backend.
   * @throws CheckpointError when there is none or it is damaged; ArgumentError when `dataset` is another one.
   */
  static async load(dir: string, { dataset }: { dataset: Dataset }): Promise<Run> {
    const { state, ...parts } = await loadRun(dir, dataset);
    return new Run(parts, state);
  }

  get step(): number {
    return this.parts.position.step;
  }

  get images(): number {
    return this.parts.position.images;
  }

  get method(): Method {
    return this.parts.method;
  }

  get dataset(): Dataset {
    return this.parts.dataset;
  }

  get options(): Readonly<RunOptions> {
    return this.parts.options;
  }

  /** What computes the steps, on how many workers, and why: known once training has begun. */
  get engineReport(): EngineReport {
    return this.alive().report;
  }

  /** Reports of all iterations so far, across resumptions. */
  get history(): readonly IterationReport[] {
    return this.parts.history;
  }

  /** Sampling times by number of steps: those found by a search, else the method's own, else the published stand-in. */
  get times(): SamplingTimes {
    return { ...(this.method.times ?? SAMPLING_TIMES), ...this.parts.found };
  }

  /**
   * Keeps sampling times, as `searchTimes` found them: the default from now on, and saved with the run.
   * @throws ArgumentError for times that are not positive and decreasing
   */
  setTimes(times: readonly number[]): void {
    decreasingTimes('setTimes', 'times', times);
    this.parts.found = { ...this.parts.found, [times.length]: [...times] };
  }

  /** Parameters by role (`ema`: the average of phi). They stay the run's: clone what must outlive the next step. */
  parameters(role: Role | 'ema'): Tensors {
    return withPrefix(`${role}/`, this.alive().state(`${role}/`));
  }

  /**
   * Averages of the generator that lie where the run computes; undefined where that is the host. See `powerAverages`.
   * @internal
   */
  async heldAverages(count: number): Promise<HeldAverages | undefined> {
    return this.alive().averages?.(count);
  }

  /** Trains until `images` images have been seen in all; returns how it ended. */
  async train({
    images,
    onStep,
    onCompile,
    signal,
    dir,
    saveEvery = Infinity,
    ...rest
  }: TrainOptions): Promise<'done' | 'aborted'> {
    this.alive();
    expectKeys('train', rest, ['images', 'onStep', 'onCompile', 'signal', 'dir', 'saveEvery']);
    expectInteger('train', 'images', images);
    const unlock = dir ? await lockFolder(dir) : undefined;
    try {
      if (this.images < images) await this.choose(onCompile);
      let bad = 0;
      let saved = this.images;
      while (this.images < images && !signal?.aborted) {
        const { report, nonFiniteUpdate } = await this.iterateOrSave(dir);
        bad = nonFiniteUpdate ? bad + 1 : 0;
        if (nonFiniteUpdate && bad >= this.options.maxBadSteps) throw await this.badStepError(nonFiniteUpdate, dir);
        await onStep?.(report);
        if (dir && this.images - saved >= saveEvery) {
          await this.save(dir);
          saved = this.images;
        }
        await new Promise(resolve => setImmediate(resolve)); // progress and interrupts get their turn
      }
      if (dir && saved < this.images) await this.save(dir);
      return this.images < images ? 'aborted' : 'done';
    } finally {
      await unlock?.();
    }
  }

  /** The engine that the options ask for takes over the state, once. */
  private async choose(onCompile?: TrainOptions['onCompile']): Promise<void> {
    if (this.chosen) return;
    const { method, options, dataset } = this.parts;
    const began = performance.now();
    const timer = setInterval(() => onCompile?.(Math.round((performance.now() - began) / 1000)), 1000);
    try {
      this.engine = await chooseEngine(method, this.alive().state(), options, dataset);
      this.chosen = true;
    } finally {
      clearInterval(timer);
    }
  }

  /** An iteration; where a worker fails, what was there before it is saved. */
  private async iterateOrSave(
    dir: string | undefined,
  ): Promise<{ report: IterationReport; nonFiniteUpdate?: NonFiniteUpdate }> {
    const engine = this.alive();
    engine.mark();
    try {
      return await this.iterate(engine);
    } catch (error) {
      if (!(error instanceof WorkerError) || !engine.undo()) throw error;
      const where = dir ? `; step ${this.step} is saved in ${await this.save(dir)}` : '';
      throw new WorkerError(`training stopped at step ${this.step}: ${error.message}${where}`);
    }
  }

  /** One iteration: the method's updates in order; `nonFiniteUpdate` is the first whose gradient was not finite. */
  private async iterate(engine: Engine): Promise<{ report: IterationReport; nonFiniteUpdate?: NonFiniteUpdate }> {
    const { parts } = this;
    const { method, options, position } = parts;
    const began = performance.now();
    const metrics: Record<string, number> = { nonFinite: 0 };
    const started: (NonFiniteUpdate & { metrics: PendingMetrics })[] = [];
    for (const update of method.updates) {
      const { repeats = 1 } = update;
      for (let i = 0; i < repeats; i++) {
        const at = { ...position, step: position.step * repeats + i };
        const slices = slicesOf(options, at.step, engine.parts);
        const drawn = partsOf(this.draw, update, slices, engine.given);
        started.push({ update, step: at.step, metrics: await engine.update(update, drawn, at) });
      }
    }
    let nonFiniteUpdate: NonFiniteUpdate | undefined;
    for (const { update, step, metrics: read } of started) {
      const numbers = await read();
      if (numbers.nonFinite > 0) nonFiniteUpdate ??= { update, step };
      for (const [name, value] of Object.entries(numbers)) {
        if (name === 'nonFinite') metrics.nonFinite += value;
        else metrics[update.trains + capitalised(name)] = value; // of several updates in a row the last
      }
    }
    parts.position = { step: position.step + 1, images: position.images + options.batch };
    const report = { ...parts.position, seconds: (performance.now() - began) / 1000, ...metrics };
    parts.history.push(report);
    return { report, nonFiniteUpdate };
  }

  private badStepError({ update, step }: NonFiniteUpdate, dir: string | undefined): Promise<TrainingError> {
    return badStepError(this.alive(), update, this.draw, step, this.parts.options, dir);
  }

  /** Samples from the generator as its method says: Algorithm 1, the ancestral sampler, or EDM's for a denoiser. */
  async sample(request: SampleOptions): Promise<Samples> {
    this.alive();
    const { parameters = 'ema', times, steps = 4, ...rest } = request;
    const { method } = this.parts;
    const denoiser = method.denoisers.phi!;
    const input = { ...rest, denoiser, parameters: this.parameters(parameters === 'raw' ? 'phi' : 'ema') };
    if (method.sampler === 'heun') return sampleHeun({ ...input, steps });
    const chosen = times ?? this.times[steps];
    if (!chosen) throw new ArgumentError(`sample: no standard times for ${steps} steps; pass \`times\``);
    return method.sampler === 'ancestral'
      ? sampleAncestral({ ...input, times: chosen })
      : sampleMultistep({ ...input, times: chosen });
  }

  /** Writes a checkpoint `dir/<step>`, complete or absent; the two newest are kept. Returns its path. */
  async save(dir: string): Promise<string> {
    await this.alive().fetch();
    return saveRun(dir, { ...this.parts, state: this.alive().state() });
  }

  /** Frees all that the run holds; it cannot be used afterwards. */
  dispose(): void {
    this.engine?.dispose();
    this.engine = undefined;
  }

  private alive(): Engine {
    if (!this.engine) throw new Error('this run has been disposed');
    return this.engine;
  }
}
