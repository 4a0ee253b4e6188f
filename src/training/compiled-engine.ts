import { type Shape, shapeSize } from '../compute/host-arrays';
import * as tf from '@tensorflow/tfjs-core';
import {
  acquireProgram,
  assign,
  modelOf,
  type Program,
  releaseProgram,
  runOn,
  sharedArray,
  type SharedArray,
  type SharedArrays,
  type Target,
} from '../compute/onnx';
import { addPrefix, type Tensors, withPrefix } from '../compute/tensors';
import type { Method, Role, Update } from '../methods';
import { flatten, unflatten } from './adam';
import { type HostBatch, inputShapes } from './draw-inputs';
import {
  type Engine,
  type EngineReport,
  type PendingMetrics,
  type Position,
  scalarsOf,
  type UpdateMetrics,
} from './engine';
import type { RunOptions } from './options';
import { applyGradient, gradientOf } from './step';

type Layout = Record<string, { shape: number[]; size: number }>; // of a parameter set, in its order

const metricsPrefix = 'metric/';
const sharedFor = (shapes: Record<string, Shape>): SharedArrays =>
  Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, sharedArray(shapeSize(shape))]));

/** What one update needs: its programs, and arrays for what goes in and comes out of them. */
type Plan = {
  gradient: Program;
  accumulate: Program | undefined; // total + gradient, where a worker does several rounds
  apply: Program;
  workerBuffers: { batch: SharedArrays; out: SharedArrays; total?: SharedArray }[]; // one a worker; a total where it accumulates
  scalars: SharedArrays;
  applied: SharedArrays; // metrics of the second half
};

/**
 * The steps traced once and run by ONNX Runtime in worker threads. Parameter sets, averages and moments are one vector
 * each, in memory that all workers see; a batch is shared among the workers and their gradients are summed in order.
 */
export class CompiledEngine implements Engine {
  readonly report: EngineReport;
  private readonly plans = new Map<Update, Plan>();
  private readonly layouts: Record<string, Layout> = {};
  private vectors: SharedArrays = {}; // 'phi', 'psi', 'theta', 'ema', 'phi.v', ...
  private readonly buffers = new Map<string, SharedArray[]>(); // of vectors that change: now, at the mark, and next
  private marked: SharedArrays = {};
  private shown: Tensors | undefined; // the state as tensors, until it changes

  private constructor(
    private readonly method: Method,
    private readonly options: RunOptions,
    private readonly target: Target,
    workers: number,
    reason: string,
  ) {
    this.report = { engine: 'onnx', workers, reason };
  }

  /** An engine with a copy of `state`; the tensors stay the caller's. */
  static async create(
    method: Method,
    options: RunOptions,
    state: Tensors,
    { target, workers, reason }: { target: Target; workers: number; reason: string },
  ): Promise<CompiledEngine> {
    const engine = new CompiledEngine(method, options, target, workers, reason);
    for (const role of [...Object.keys(method.denoisers), 'ema']) {
      const tensors = withPrefix(`${role}/`, state);
      engine.layouts[role] = Object.fromEntries(
        Object.entries(tensors).map(([name, { shape, size }]) => [name, { shape, size }]),
      );
      await engine.hold(
        role,
        tf.tidy(() => flatten(tensors)),
      );
    }
    for (const [name, moment] of Object.entries(state))
      if (!name.includes('/')) await engine.hold(name, tf.clone(moment));
    return engine;
  }

  private async hold(name: string, vector: tf.Tensor): Promise<void> {
    this.vectors[name] = sharedArray(vector.size);
    assign(this.vectors[name], await vector.data<'float32'>());
    vector.dispose();
  }

  /** Parameter sets as the step knows them, from one vector each. */
  private rolesOf(inputs: Tensors): Tensors {
    const roles = Object.keys(this.method.denoisers);
    return Object.assign(
      {},
      ...roles.map(role => addPrefix(`${role}/`, unflatten(inputs[role], this.layouts[role]))),
    ) as Tensors;
  }

  private shapesOf(names: readonly string[]): Record<string, Shape> {
    return Object.fromEntries(names.map(name => [name, [this.vectors[name].data.length]]));
  }

  /** Names of the vectors that an update changes. */
  private changed(role: Role): string[] {
    return [role, ...(role === 'phi' ? ['ema'] : []), `${role}.v`, ...(this.options.beta1 > 0 ? [`${role}.m`] : [])];
  }

  private gradientProgram(update: Update): Program {
    const batch = Object.entries(inputShapes(update.inputs, this.options.batch / this.parts)).map(
      ([name, shape]) => [`batch/${name}`, shape] as const,
    );
    const shapes = {
      ...this.shapesOf(Object.keys(this.method.denoisers)),
      ...Object.fromEntries(batch),
    };
    const f = (inputs: Tensors): Tensors => {
      const state = this.rolesOf(inputs);
      const { gradient, metrics } = gradientOf(update)(state, withPrefix('batch/', inputs), this.options.batch);
      return { gradient, ...addPrefix(metricsPrefix, metrics) };
    };
    const frozen = Object.keys(this.method.denoisers).filter(role => !this.method.updates.some(u => u.trains === role));
    const shared = { batch: this.options.batch, parts: this.parts };
    return acquireProgram(modelOf(f, shapes, this.target, shared), frozen);
  }

  /** Sums the workers' gradients and applies them: the second half of the step on whole vectors. */
  private applyProgram({ trains, normalisedWeights }: Update): Program {
    const { workers } = this.report;
    const gradients = Array.from({ length: workers }, (_, i) => `gradient${i}`);
    const size = this.vectors[trains].data.length;
    const shapes = {
      ...this.shapesOf(this.changed(trains)),
      ...Object.fromEntries(gradients.map(name => [name, [size]])),
      ...Object.fromEntries(Object.keys(scalarsOf({ step: 0, images: 0 }, this.options)).map(name => [name, []])),
    };
    const f = (inputs: Tensors): Tensors => {
      const named = (name: string): string => (name.includes('.') ? name : `${name}/all`);
      const vectors = this.changed(trains).map(name => [named(name), inputs[name]] as const);
      const gradient = gradients.map(name => inputs[name]).reduce((sum, g) => tf.add(sum, g));
      const whole =
        normalisedWeights &&
        (({ all }: Tensors): Tensors => ({ all: flatten(normalisedWeights(unflatten(all, this.layouts[trains]))) }));
      const { state, metrics } = applyGradient(
        trains,
        Object.fromEntries(vectors),
        gradient,
        inputs,
        this.options,
        whole,
      );
      const results = this.changed(trains).map(name => [name, state[named(name)]] as const);
      return { ...Object.fromEntries(results), ...addPrefix(metricsPrefix, metrics) };
    };
    return acquireProgram(modelOf(f, shapes, this.target));
  }

  private plan(update: Update): Plan {
    const known = this.plans.get(update);
    if (known) return known;
    const { trains } = update;
    const [gradient, apply] = [this.gradientProgram(update), this.applyProgram(update)];
    const size = [this.vectors[trains].data.length];
    const add = ({ total, gradient: g }: Tensors): Tensors => ({ sum: tf.add(total, g) });
    const several = this.options.accumulationRounds > 1;
    const metrics = Object.entries(apply.signature.outputs).filter(([name]) => name.startsWith(metricsPrefix));
    const batch = Object.entries(gradient.signature.inputs).filter(([name]) => name.startsWith('batch/'));
    const plan: Plan = {
      gradient,
      apply,
      accumulate: several ? acquireProgram(modelOf(add, { total: size, gradient: size }, this.target)) : undefined,
      workerBuffers: Array.from({ length: this.report.workers }, () => ({
        batch: sharedFor(Object.fromEntries(batch)),
        out: sharedFor(gradient.signature.outputs),
        ...(several && { total: sharedArray(size[0]) }),
      })),
      scalars: sharedFor(
        Object.fromEntries(Object.keys(scalarsOf({ step: 0, images: 0 }, this.options)).map(n => [n, []])),
      ),
      applied: sharedFor(Object.fromEntries(metrics)),
    };
    this.plans.set(update, plan);
    return plan;
  }

  get parts(): number {
    return this.report.workers * this.options.accumulationRounds;
  }

  /** Traces an update's programs. @throws TraceError where its step cannot be traced. */
  prepare(update: Update): void {
    this.plan(update);
  }

  /** Every worker's gradient over its rounds; sums of their metrics. A part goes to a worker as soon as it is drawn. */
  private async accumulate(plan: Plan, parts: AsyncIterable<HostBatch>): Promise<UpdateMetrics> {
    const { workers } = this.report;
    const metrics: UpdateMetrics = {};
    let running: Promise<void>[] = [];
    let part = 0;
    try {
      for await (const drawn of parts) {
        const [worker, round] = [part % workers, Math.floor(part / workers)];
        part++;
        const ended = this.round(plan, worker, drawn, round);
        ended.catch(() => undefined); // told below: the next part may be drawn until then
        running.push(ended);
        if (running.length < workers) continue;
        await Promise.all(running);
        running = [];
        for (const { out } of plan.workerBuffers)
          for (const [name, { data }] of Object.entries(out))
            if (name.startsWith(metricsPrefix)) {
              const metric = name.slice(metricsPrefix.length);
              metrics[metric] = (metrics[metric] ?? 0) + data[0];
            }
      }
    } finally {
      await Promise.allSettled(running); // what is thrown is thrown when no worker writes any more
    }
    return metrics;
  }

  private async round(plan: Plan, worker: number, drawn: HostBatch, round: number): Promise<void> {
    const { batch, out, total } = plan.workerBuffers[worker];
    for (const [name, { data }] of Object.entries(drawn)) assign(batch[`batch/${name}`], data);
    await runOn(worker, plan.gradient, { ...this.vectors, ...batch }, out);
    if (!plan.accumulate || !total) return;
    if (round === 0) assign(total, out.gradient.data);
    else await runOn(worker, plan.accumulate, { total, gradient: out.gradient }, { sum: total });
  }

  async update(update: Update, parts: AsyncIterable<HostBatch>, position: Position): Promise<PendingMetrics> {
    const plan = this.plan(update);
    const metrics = await this.accumulate(plan, parts);
    for (const [name, value] of Object.entries(scalarsOf(position, this.options))) assign(plan.scalars[name], [value]);
    const gradients = plan.workerBuffers.map(({ out, total }, i) => [`gradient${i}`, total ?? out.gradient]);
    const names = this.changed(update.trains);
    const next = Object.fromEntries(names.map(name => [name, this.freeBuffer(name)]));
    const inputs = { ...this.vectors, ...plan.scalars, ...(Object.fromEntries(gradients) as SharedArrays) };
    await runOn(0, plan.apply, inputs, { ...next, ...plan.applied });
    Object.assign(this.vectors, next);
    this.forget();
    for (const [name, { data }] of Object.entries(plan.applied)) metrics[name.slice(metricsPrefix.length)] = data[0];
    return () => Promise.resolve(metrics);
  }

  async gradient(update: Update, parts: AsyncIterable<HostBatch>): Promise<Float32Array> {
    const plan = this.plan(update);
    await this.accumulate(plan, parts);
    const sum = new Float32Array(this.vectors[update.trains].data.length);
    for (const { out, total } of plan.workerBuffers) (total ?? out.gradient).data.forEach((x, i) => (sum[i] += x));
    return sum;
  }

  mark(): void {
    this.marked = { ...this.vectors };
  }

  undo(): boolean {
    Object.assign(this.vectors, this.marked);
    this.forget();
    return true;
  }

  /** Where the next values of a vector can be written: neither its values now nor those to go back to are there. */
  private freeBuffer(name: string): SharedArray {
    const used = [this.vectors[name], this.marked[name]];
    const all = this.buffers.get(name) ?? [this.vectors[name]];
    this.buffers.set(name, all);
    const free = all.find(buffer => !used.includes(buffer)) ?? sharedArray(this.vectors[name].data.length);
    if (!all.includes(free)) all.push(free);
    return free;
  }

  state(): Tensors {
    this.shown ??= tf.tidy(() => {
      const all: Tensors = {};
      for (const [name, { data }] of Object.entries(this.vectors)) {
        const vector = tf.tensor1d(data.slice());
        Object.assign(
          all,
          name in this.layouts ? addPrefix(`${name}/`, unflatten(vector, this.layouts[name])) : { [name]: vector },
        );
      }
      return all;
    });
    return this.shown;
  }

  private forget(): void {
    if (this.shown) tf.dispose(this.shown);
    this.shown = undefined;
  }

  fetch(): Promise<void> {
    return Promise.resolve(); // it is on the host
  }

  dispose(): void {
    this.forget();
    for (const { gradient, apply, accumulate } of this.plans.values())
      for (const program of [gradient, apply, accumulate]) if (program) releaseProgram(program).catch(() => undefined); // a worker that ended has nothing to close
    this.plans.clear();
    this.buffers.clear();
    this.vectors = this.marked = {};
  }
}
