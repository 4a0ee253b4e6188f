import * as tf from '@tensorflow/tfjs-core';
import { type Shape, sizeOf } from '../compute/graph/shapes';
import type { Tensors } from '../compute/tensors';
import type { Device, DeviceArray, DeviceProgram } from '../compute/xla/device';
import type { Precision } from '../compute/xla/emitter';
import type { HostBatch, Method, Update } from '../methods';
import type { DrawBatch } from './draw-ahead';
import { type Engine, type EngineReport, type PendingMetrics, type Position, scalarsOf, slicesOf } from './engine';
import type { RunOptions } from './options';
import { pack, type StepInputs } from './xla-inputs';
import { applyModule, gradientModule, type StepModule, stepModule, type StepPlan } from './xla-modules';
import { DeviceState, joined } from './xla-state';

/** A compiled module of an update. */
type Loaded = Omit<StepModule, 'module'> & {
  program: DeviceProgram;
  arguments: readonly { name: string; shape: Shape }[];
  results: readonly string[];
};

/** What an update needs: one program where it has one round, otherwise two and sums on the device. */
type Programs = {
  plan: StepPlan;
  step?: Loaded;
  gradient?: Loaded;
  apply?: Loaded;
  totals?: Map<string, readonly DeviceArray[]>;
};

/** One device's part of a round. */
type DrawnSlice = { drawn: HostBatch; first: number };

/** How many devices share a batch, how exact their products are, and why this engine. */
export type XlaOptions = { devices: number; precision: Precision; reason: string };

/** How each input of an update gets to the device: noise is drawn there. */
const inputsOf = (drawn: HostBatch): StepInputs =>
  Object.fromEntries(
    Object.entries(drawn).map(([name, { noise, shape }]) => [
      name,
      { ...(noise ?? { kind: 'given' }), shape: shape.slice(1) },
    ]),
  );

/**
 * The steps as StableHLO, compiled by XLA for an accelerator, where the whole state stays. A batch is split over the
 * devices. A step's arguments are consumed by it: what was before a failed step is gone, so that `undo` is not possible,
 * and a run goes on from its last checkpoint.
 */
export class XlaEngine implements Engine {
  readonly report: EngineReport;
  readonly drawsNoise = true;
  private readonly programs = new Map<Update, Programs>();
  private shown: Tensors = {}; // copies on the host, until the state changes

  private constructor(
    private readonly device: Device,
    private readonly method: Method,
    private readonly options: RunOptions,
    private readonly on: XlaOptions,
    private readonly held: DeviceState,
  ) {
    this.report = {
      engine: 'xla',
      workers: on.devices,
      reason: on.reason,
      device: device.name,
      precision: on.precision,
    };
  }

  /** An engine with a copy of `state`; the tensors stay the caller's. */
  static async create(
    device: Device,
    method: Method,
    options: RunOptions,
    state: Tensors,
    on: XlaOptions,
  ): Promise<XlaEngine> {
    return new XlaEngine(device, method, options, on, await DeviceState.upload(device, on.devices, state));
  }

  private async load({ module, ...rest }: StepModule): Promise<Loaded> {
    return {
      ...rest,
      program: await this.device.compile(module),
      arguments: module.arguments.map(({ name, value }) => ({ name, shape: value.shape })),
      results: module.results.map(({ name }) => name),
    };
  }

  private async programsOf(update: Update, drawn: HostBatch): Promise<Programs> {
    const known = this.programs.get(update);
    if (known) return known;
    const { devices, precision } = this.on;
    const { batch, accumulationRounds: rounds } = this.options;
    const rows = batch / (rounds * devices);
    const plan = {
      method: this.method,
      update,
      options: this.options,
      inputs: inputsOf(drawn),
      rows,
      devices,
      precision,
    };
    const made: Programs = { plan };
    if (rounds === 1) made.step = await this.load(stepModule(plan));
    else {
      made.gradient = await this.load(gradientModule(plan));
      made.apply = await this.load(applyModule(plan, made.gradient.metrics));
    }
    this.programs.set(update, made);
    return made;
  }

  /** Traces and compiles an update's programs, which takes seconds. @throws TraceError where its step cannot be traced */
  async prepare(update: Update, draw: DrawBatch): Promise<void> {
    const [slice] = slicesOf(this.options, 0, this.on.devices * this.options.accumulationRounds);
    await this.programsOf(update, await draw(update, slice));
  }

  /** Calls a program on all devices: state and sums by name, the rest uploaded; results by name, one array a device. */
  private async call(
    { program, packing, arguments: args, results }: Loaded,
    batches: readonly DrawnSlice[],
    step: number,
    numbers: Record<string, number>,
    totals?: ReadonlyMap<string, readonly DeviceArray[]>,
  ): Promise<Map<string, readonly DeviceArray[]>> {
    const uploaded: DeviceArray[] = [];
    const send = async (data: Float32Array | Uint32Array, shape: Shape, index: number): Promise<DeviceArray> => {
      const array = await this.device.upload(data, shape, index);
      uploaded.push(array);
      return array;
    };
    try {
      const inputs = await Promise.all(
        batches.map(({ drawn, first }, index) => {
          const words = pack(packing, { seed: this.options.seed, step, first }, numbers, drawn);
          return Promise.all(
            args.map(({ name, shape }) => {
              if (name === 'words') return send(words, shape, index);
              const known = this.held.get(name, index) ?? totals?.get(name)?.[index];
              return known ?? send(drawn[name.slice('given/'.length)].data, shape, index);
            }),
          );
        }),
      );
      const outputs = await program.run(inputs);
      return new Map(results.map((name, i) => [name, outputs.map(list => list[i])]));
    } finally {
      for (const array of uploaded) array.dispose();
    }
  }

  /** A round's slices, one a device. */
  private async batchesOf(update: Update, draw: DrawBatch, step: number, round: number): Promise<DrawnSlice[]> {
    const { devices } = this.on;
    const slices = slicesOf(this.options, step, devices * this.options.accumulationRounds).slice(
      round * devices,
      (round + 1) * devices,
    );
    return Promise.all(slices.map(async slice => ({ drawn: await draw(update, slice), first: slice.first })));
  }

  private async zeros(loaded: Loaded): Promise<Map<string, readonly DeviceArray[]>> {
    const totals = new Map<string, readonly DeviceArray[]>();
    for (const { name, shape } of loaded.arguments)
      if (name.startsWith('total/')) {
        const zero = new Float32Array(sizeOf(shape));
        const copies = Array.from({ length: this.on.devices }, (_, index) => this.device.upload(zero, shape, index));
        totals.set(name, await Promise.all(copies));
      }
    return totals;
  }

  /** Sums all rounds of an update on the devices; the first round's batches are drawn already. */
  private async accumulate(
    programs: Programs,
    update: Update,
    draw: DrawBatch,
    step: number,
    first: readonly DrawnSlice[],
  ): Promise<void> {
    for (let round = 0; round < this.options.accumulationRounds; round++) {
      const batches = round === 0 ? first : await this.batchesOf(update, draw, step, round);
      programs.gradient ??= await this.load(gradientModule(programs.plan));
      programs.totals ??= await this.zeros(programs.gradient);
      programs.totals = await this.call(programs.gradient, batches, step, { adds: round }, programs.totals);
    }
  }

  async update(update: Update, draw: DrawBatch, position: Position): Promise<PendingMetrics> {
    const { step } = position;
    const numbers = scalarsOf(position, this.options);
    const batches = await this.batchesOf(update, draw, step, 0);
    const programs = await this.programsOf(update, batches[0].drawn);
    const loaded = (programs.step ?? programs.apply)!;
    if (!programs.step) await this.accumulate(programs, update, draw, step, batches);
    const given = programs.step ? batches : batches.map(() => ({ drawn: {}, first: 0 }));
    const results = await this.call(loaded, given, step, numbers, programs.totals);
    for (const [name, arrays] of results) if (name !== 'metrics') this.held.replace(name, arrays);
    this.forget();
    const metrics = results.get('metrics')!;
    return async () => {
      try {
        const values = await metrics[0].read(new Float32Array(loaded.metrics.length));
        return Object.fromEntries(loaded.metrics.map((name, i) => [name, values[i]]));
      } finally {
        for (const array of metrics) array.dispose();
      }
    };
  }

  async gradient(update: Update, draw: DrawBatch, step: number): Promise<Float32Array> {
    const batches = await this.batchesOf(update, draw, step, 0);
    const programs = await this.programsOf(update, batches[0].drawn);
    await this.accumulate(programs, update, draw, step, batches);
    const parts: Float32Array[] = [];
    for (const { name, shape } of this.method.denoisers[update.trains]!.parameters) {
      const copies = programs.totals!.get(`total/gradient/${name}`)!;
      const values = await Promise.all(copies.map(array => array.read(new Float32Array(sizeOf(shape)))));
      parts.push(values.reduce((sum, more) => sum.map((x, i) => x + more[i])));
    }
    return joined(parts);
  }

  mark(): void {
    /* a copy of the state would cost as much memory again, and every step its time */
  }

  undo(): boolean {
    return false;
  }

  async fetch(prefix = ''): Promise<void> {
    const missing = this.held.names(prefix).filter(name => !(name in this.shown));
    Object.assign(this.shown, await this.held.download(missing));
  }

  state(prefix = ''): Tensors {
    const names = this.held.names(prefix);
    const missing = names.filter(name => !(name in this.shown));
    Object.assign(this.shown, this.held.downloadSync(missing));
    return Object.fromEntries(names.map(name => [name, this.shown[name]]));
  }

  private forget(): void {
    tf.dispose(this.shown);
    this.shown = {};
  }

  dispose(): void {
    this.forget();
    for (const { step, gradient, apply, totals } of this.programs.values()) {
      for (const loaded of [step, gradient, apply]) loaded?.program.dispose();
      for (const arrays of totals?.values() ?? []) for (const array of arrays) array.dispose();
    }
    this.programs.clear();
    this.held.dispose();
  }
}
