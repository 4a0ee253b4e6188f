import { resolve } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Samples } from '../compute/host-arrays';
import * as tf from '@tensorflow/tfjs-core';
import { CheckpointError, type FolderLock, lockFolder } from '../checkpoints';
import { ArgumentError, expectInteger, expectKeys, expectNumber } from '../compute/check';
import { WorkerError } from '../compute/onnx';
import { cloneTensors, expectFinite, type Tensors, withPrefix } from '../compute/tensors';
import type { Dataset } from '../datasets';
import { decreasingTimes, SAMPLING_TIMES, type SamplingTimes, timesOfSteps } from '../diffusion';
import type { Method, Role, Update } from '../methods';
import { type Denoiser, matchParameters } from '../networks';
import { FEW_STEP_SAMPLERS, type HeunOptions, sampleHeun, type SamplerInput } from '../samplers';
import { badStepError, type TrainingError } from './bad-step';
import { chooseEngine, workersFor } from './choose-engine';
import { expectDataFits, expectTaughtClasses } from './data-fit';
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
import { newRunOptions, type RunOptions } from './options';
import { loadRun, runJsonOf, saveRun } from './run-files';
import { expectStorable } from './run-schema';
import { expectSampleOptions } from './sample-options';
import { initialState } from './step';
import { Turns } from './turns';

/** What one iteration reports: `step`, `images` seen so far, and the updates' metrics (`psiLoss`, `phiGradNorm`, ...). */
export type IterationReport = { step: number; images: number; seconds: number; [metric: string]: number };

/** Options of `Run.train`. */
export type TrainOptions = {
  /** Train until the run has seen this many images in all: calling again does nothing. */
  images: number;
  /**
   * After every iteration, with what it reports, in order. On an accelerator the next iteration has begun by then: it
   * waits neither for metrics nor for this. What is asked of the run here is that of the newest iteration that has begun.
   */
  onReport?: (report: IterationReport) => void | Promise<void>;
  /** After every iteration and before the next begins: `run.sample` and `run.parameters` are those of this one. */
  onStep?: (report: IterationReport) => void | Promise<void>;
  /** Every second while the steps are traced and compiled, before the first of them: seconds since that began. */
  onCompile?: (seconds: number) => void;
  /** Stops after the current iteration, with a checkpoint if `dir` is given. */
  signal?: AbortSignal;
  /** Where checkpoints go: at the end, on abort and every `saveEvery` images. */
  dir?: string;
  /** Images between checkpoints, at least 1; default: at the end only. */
  saveEvery?: number;
  /** In place of `dir`: a lock on it that the caller holds, and goes on holding. */
  lock?: FolderLock;
};

/** Options of `Run.sample`. */
export type SampleOptions = Omit<SamplerInput, 'denoiser' | 'parameters'> &
  Omit<HeunOptions, 'noise' | 'steps'> & {
    /** Default 4; for a denoiser, sampled by EDM's sampler, 18. */
    steps?: number;
    /** Noise levels of Algorithm 1 and the ancestral sampler, in the place of `steps`; default the run's own for so many `steps`. */
    times?: readonly number[];
    /** The average (default) or the generator as trained last. */
    parameters?: 'ema' | 'raw';
  };

/** An update, and which of its kind it is. */
type NumberedUpdate = { update: Update; step: number };

/** An update that was started. */
type Started = NumberedUpdate & { metrics: PendingMetrics };

/** An iteration that has ended; `nonFiniteUpdate` is the first whose gradient was not finite. */
type Ended = { report: IterationReport; nonFiniteUpdate?: NumberedUpdate };

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

/**
 * A training run: owns its tensors, trains, samples, saves, resumes. Everything it computes follows from its seed. What
 * is asked of it while a step is computed waits for the end of that step.
 * @example
 * const run = await Run.load('runs/first', { dataset }); // from the newest checkpoint
 * await run.train({ images: 12_800, dir: 'runs/first' });
 */
export class Run {
  private engine: Engine | undefined;
  private chosen = false;
  private training = false;
  private lock: FolderLock | undefined; // of the folder that it trains in
  private stepping = false;
  private started: Started[] = []; // updates of an iteration that failed after them, on an engine that cannot take them back
  private disposed = false;
  private readonly turns = new Turns();
  private begun: Promise<unknown> | undefined; // the newest iteration, until its metrics are read
  private endedAt = 0;
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
   * @throws ArgumentError for options out of range, parameters that do not fit, data of another shape, or a configuration that
   * a checkpoint cannot hold, such as one with numbers of a million or more.
   */
  static start(
    method: Method,
    parameters: Partial<Record<Role, Tensors>>,
    dataset: Dataset,
    options: Partial<RunOptions> = {},
  ): Run {
    const resolved = newRunOptions(options);
    const roles: Partial<Record<Role, Tensors>> = {};
    expectDataFits('run', method, dataset, resolved);
    expectTaughtClasses('run', method);
    const parts = { method, dataset, options: resolved, position: { step: 0, images: 0 }, history: [], found: {} };
    expectStorable(runJsonOf(parts));
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
    return new Run(parts, state);
  }

  /**
   * Goes on from the newest checkpoint in `dir`, with the identical continuation on the same backend.
   * @throws CheckpointError when there is none, or it is damaged, naming the file and the field; ArgumentError when `dataset` is another one.
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
   * @throws ArgumentError for times that are not positive and decreasing, and on a run that was disposed
   */
  setTimes(times: readonly number[]): void {
    this.alive();
    decreasingTimes('setTimes', 'times', times);
    this.parts.found = { ...this.parts.found, [times.length]: [...times] };
  }

  /**
   * Parameters by role (`ema`: the average of phi). They stay the run's: clone what must outlive the next step.
   * @throws ArgumentError while a step is computed: half of the parameters may be those of the next
   */
  parameters(role: Role | 'ema'): Tensors {
    if (this.stepping)
      throw new ArgumentError('parameters: a step is being computed; ask for them in `onStep` or after `train`');
    return this.parametersNow(role);
  }

  private parametersNow(role: Role | 'ema'): Tensors {
    return withPrefix(`${role}/`, this.alive().state(`${role}/`));
  }

  /**
   * Averages of the generator that lie where the run computes; undefined where that is the host. See `powerAverages`.
   * @internal
   */
  async heldAverages(count: number): Promise<HeldAverages | undefined> {
    return this.alive().averages?.(count);
  }

  /**
   * Trains until `images` images have been seen in all; returns how it ended. After an error, as where data could not be
   * read, the next call goes on with the iteration that failed.
   * @throws ArgumentError for options out of range, weights that are not finite, and while this run is training already;
   * CheckpointError 'locked' when another run has `dir`, 'vanished' when `dir` was deleted while the run trained: its
   * step is then saved there again; TrainingError when gradients stay non-finite; DatasetError for data out of range
   */
  async train({
    images,
    onReport,
    onStep,
    onCompile,
    signal,
    dir,
    saveEvery = Infinity,
    lock,
    ...rest
  }: TrainOptions): Promise<'done' | 'aborted'> {
    this.alive();
    expectKeys('train', rest, ['images', 'onReport', 'onStep', 'onCompile', 'signal', 'dir', 'saveEvery', 'lock']);
    expectInteger('train', 'images', images);
    if (saveEvery !== Infinity) expectNumber('train', 'saveEvery', saveEvery, { min: 1 });
    if (this.training)
      throw new ArgumentError(
        'train: this run is training already; wait for that call to end, or stop it by its signal',
      );
    this.training = true;
    try {
      this.lock = lock ?? (dir ? await lockFolder(dir) : undefined);
      return await this.trainIn(this.lock, { images, onReport, onStep, onCompile, signal, saveEvery });
    } finally {
      await this.begun?.catch(() => undefined); // whoever awaited it has the error
      if (!lock) await this.lock?.release();
      this.lock = undefined;
      this.training = false;
    }
  }

  private async trainIn(
    lock: FolderLock | undefined,
    {
      images,
      onReport,
      onStep,
      onCompile,
      signal,
      saveEvery,
    }: Pick<TrainOptions, 'images' | 'onReport' | 'onStep' | 'onCompile' | 'signal'> & { saveEvery: number },
  ): Promise<'done' | 'aborted'> {
    if (this.images < images) await this.turns.take(() => this.choose(onCompile));
    const { maxBadSteps } = this.options;
    const mayRunAhead = this.alive().queues && !onStep && maxBadSteps > 1;
    let bad = 0;
    let saved = this.images;
    const begun: Promise<Ended>[] = []; // iterations in order, until they are reported
    const goesOn = (): boolean => this.images < images && !signal?.aborted;
    while (goesOn() || begun.length > 0) {
      if (goesOn()) begun.push((await this.turns.take(() => this.beginOrSave(lock))).ended);
      while (begun.length > (mayRunAhead && bad === 0 && goesOn() ? 1 : 0)) {
        const { report, nonFiniteUpdate } = await begun.shift()!;
        bad = nonFiniteUpdate ? bad + 1 : 0;
        if (nonFiniteUpdate && bad >= maxBadSteps)
          throw await this.turns.take(() => this.badStepError(nonFiniteUpdate, lock?.dir));
        await onReport?.(report);
        await onStep?.(report);
      }
      if (lock && this.images - saved >= saveEvery) {
        await this.between(() => this.saveIn(lock));
        saved = this.images;
      }
      await nextTurn(); // progress and interrupts get their turn
    }
    if (lock && saved < this.images) await this.between(() => this.saveIn(lock));
    return this.images < images ? 'aborted' : 'done';
  }

  /** The engine that the options ask for takes over the state, once. */
  private async choose(onCompile?: TrainOptions['onCompile']): Promise<void> {
    if (this.chosen) return;
    const { method, options, dataset } = this.parts;
    const state = this.alive().state();
    await expectFinite('train', state);
    const began = performance.now();
    const timer = setInterval(() => onCompile?.(Math.round((performance.now() - began) / 1000)), 1000);
    try {
      this.engine = await chooseEngine(method, state, options, dataset);
      this.chosen = true;
    } finally {
      clearInterval(timer);
    }
  }

  /** `work` when it is its turn and no iteration is under way. */
  private between<T>(work: () => T | Promise<T>): Promise<T> {
    return this.turns.take(async () => {
      await this.begun?.catch(() => undefined); // whoever trains gets the error
      return work();
    });
  }

  /**
   * Begins an iteration, or goes on with one that failed, and where the engine does not queue work also ends it; where a
   * worker fails, what was there before it is saved.
   */
  private async beginOrSave(lock: FolderLock | undefined): Promise<{ ended: Promise<Ended> }> {
    const engine = this.alive();
    engine.mark();
    this.stepping = true;
    try {
      const begun = await this.begin(engine);
      if (!engine.queues) await begun.ended;
      this.parts.position = begun.position;
      return begun;
    } catch (error) {
      const undone = engine.undo();
      if (undone) this.started = [];
      if (!(error instanceof WorkerError) || !undone) throw error;
      const where = lock ? `; step ${this.step} is saved in ${await this.saveIn(lock)}` : '';
      throw new WorkerError(`training stopped at step ${this.step}: ${error.message}${where}`);
    } finally {
      this.stepping = false;
    }
  }

  /** Starts the method's updates in order; `position` is where they lead. */
  private async begin(engine: Engine): Promise<{ position: Position; ended: Promise<Ended> }> {
    const { method, options, position } = this.parts;
    const began = performance.now();
    const updates = method.updates.flatMap(update => {
      const { repeats = 1 } = update;
      return Array.from({ length: repeats }, (_, i) => ({ update, step: position.step * repeats + i }));
    });
    for (const { update, step } of updates.slice(this.started.length)) {
      const drawn = partsOf(this.draw, update, slicesOf(options, step, engine.parts), engine.given);
      this.started.push({ update, step, metrics: await engine.update(update, drawn, { ...position, step }) });
    }
    const started = this.started;
    this.started = [];
    const next = { step: position.step + 1, images: position.images + options.batch };
    const ended = this.end(started, next, began);
    this.begun = ended;
    const forget = (): void => {
      if (this.begun === ended) this.begun = undefined;
    };
    ended.then(forget, forget);
    return { position: next, ended };
  }

  /** Reads the metrics of an iteration's updates. */
  private async end(started: readonly Started[], position: Position, began: number): Promise<Ended> {
    const before = this.begun;
    const numbers = await Promise.all(started.map(({ metrics }) => metrics()));
    await before;
    const metrics: Record<string, number> = { nonFinite: 0 };
    for (const [i, { update }] of started.entries())
      for (const [name, value] of Object.entries(numbers[i])) {
        if (name === 'nonFinite') metrics.nonFinite += value;
        else metrics[update.trains + capitalised(name)] = value; // of several updates in a row the last
      }
    const now = performance.now();
    const report = { ...position, seconds: (now - Math.max(began, this.endedAt)) / 1000, ...metrics };
    this.endedAt = now;
    this.parts.history.push(report);
    return { report, nonFiniteUpdate: started.find((_, i) => numbers[i].nonFinite > 0) };
  }

  private badStepError({ update, step }: NumberedUpdate, dir: string | undefined): Promise<TrainingError> {
    return badStepError(this.alive(), update, this.draw, step, this.parts.options, dir);
  }

  /**
   * Samples from the generator as its method says: Algorithm 1, the ancestral sampler, or EDM's for a denoiser. While the
   * run trains, the samples are those of one step: the last that ended when it was this call's turn. On an accelerator they
   * are computed by as many devices and as exactly as the run's steps, unless the request says otherwise.
   * @throws ArgumentError for a number of steps that the run has no times for, and for options that its sampler has not: those
   * of EDM's where there are `times`, and the reverse
   */
  async sample(request: SampleOptions): Promise<Samples> {
    this.alive();
    expectSampleOptions(this.method, request);
    const { parameters: kind = 'ema', ...rest } = request;
    const parameters = await this.between(() => cloneTensors(this.parametersNow(kind === 'raw' ? 'phi' : 'ema')));
    try {
      return await this.sampleFrom(parameters, rest);
    } finally {
      tf.dispose(parameters);
    }
  }

  private async sampleFrom(parameters: Tensors, request: Omit<SampleOptions, 'parameters'>): Promise<Samples> {
    const { method, options } = this.parts;
    const { times, steps = method.sampler === 'heun' ? 18 : 4, ...rest } = request;
    const { precision, devices } = options;
    const denoiser = method.denoisers.phi!;
    const own = { precision, devices, ...(options.engine === 'xla' && { engine: options.engine }) };
    const input = { ...own, ...rest, denoiser, parameters };
    if (method.sampler !== 'heun')
      return FEW_STEP_SAMPLERS[method.sampler]({ ...input, times: times ?? timesOfSteps('sample', this.times, steps) });
    return sampleHeun({ ...input, steps });
  }

  /**
   * Writes a checkpoint `dir/<step>`, complete or absent; the two newest are kept. While a step is computed it waits for
   * its end. Instead of a folder a lock on one, which the caller holds.
   * @returns its path
   * @throws CheckpointError 'locked' while another run has the folder, 'unwritable' where nothing can be written;
   * 'vanished' where a lock's folder was deleted since, after the step was saved there again; ArgumentError where an
   * iteration failed half-way and the engine cannot take its first updates back: `train` goes on with it.
   */
  save(target: string | FolderLock): Promise<string> {
    return this.between(async () => {
      if (typeof target !== 'string') return this.saveIn(target);
      if (this.lock && resolve(this.lock.dir) === resolve(target)) return this.saveIn(this.lock);
      this.alive();
      const lock = await lockFolder(target);
      try {
        return await this.saveNow(target);
      } finally {
        await lock.release();
      }
    });
  }

  private async saveNow(dir: string): Promise<string> {
    if (this.started.length > 0)
      throw new ArgumentError(
        `save: step ${this.step + 1} failed after ${this.started.length} of its updates; call \`train\`, which goes on there`,
      );
    await this.alive().fetch();
    return saveRun(dir, { ...this.parts, history: [...this.parts.history], state: this.alive().state() });
  }

  /** Saves into the folder that the run trains in. @throws CheckpointError 'vanished' where that is another's now. */
  private async saveIn(lock: FolderLock): Promise<string> {
    const state = await lock.state();
    if (state === 'taken')
      throw new CheckpointError(
        'vanished',
        `${lock.dir} was deleted and taken by another process while the run trained`,
      );
    const path = await this.saveNow(lock.dir);
    if (state === 'gone')
      throw new CheckpointError(
        'vanished',
        `${lock.dir} was deleted while the run trained: what was in it is gone, step ${this.step} is saved in ${path}`,
      );
    return path;
  }

  /** Frees all that the run holds, after the step that is computed now; it cannot be used afterwards. */
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    if (this.turns.idle && !this.begun) this.free();
    else void this.between(() => this.free());
  }

  private free(): void {
    for (const { metrics } of this.started) metrics().catch(() => undefined); // frees them
    this.started = [];
    this.engine?.dispose();
    this.engine = undefined;
  }

  private alive(): Engine {
    if (!this.engine || this.disposed) throw new ArgumentError('this run has been disposed');
    return this.engine;
  }
}
