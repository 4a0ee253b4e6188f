import { type HostArray, type Shape, shapeSize } from '../compute/host-arrays';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensors } from '../compute/tensors';
import type { Device, DeviceArray, DeviceProgram } from '../compute/xla/device';
import type { Precision } from '../compute/xla/emitter';
import type { Hlo } from '../compute/xla/hlo';
import { allEnded, allUploaded } from '../compute/xla/uploads';
import type { Dataset } from '../datasets';
import type { Method, Update } from '../methods';
import { DeviceData } from './device-data';
import type { DrawOptions } from './draw-ahead';
import type { BatchSlice, HostBatch } from './draw-inputs';
import {
  type Engine,
  type EngineReport,
  type HeldAverages,
  type PendingMetrics,
  type Position,
  scalarsOf,
} from './engine';
import type { RunOptions } from './options';
import { deviceAverages } from './xla-averages';
import { isLarge, pack } from './xla-inputs';
import { applyModule, gradientModule, type StepModule, stepModule, type StepPlan } from './xla-modules';
import { DeviceState } from './xla-state';

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

const bytesOf = ({ shape, type }: Hlo): number => shapeSize(shape) * (type === 'ui8' ? 1 : 4);

const disposeAll = (arrays: ReadonlyMap<string, readonly DeviceArray[]> = new Map()): void => {
  for (const array of [...arrays.values()].flat()) array.dispose();
};

/** One device's part of a round, and its first sample. */
type Part = { drawn: HostBatch; first: number };

/** How many devices share a batch, how exact their products are, and why this engine. */
export type XlaOptions = { devices: number; precision: Precision; reason: string };

/**
 * The steps as StableHLO, compiled by XLA for an accelerator, where the whole state stays. A batch is split over the
 * devices. A step's arguments are consumed by it: what was before a failed step is gone, so that `undo` is not possible,
 * and a run goes on from its last checkpoint.
 */
export class XlaEngine implements Engine {
  readonly report: EngineReport;
  readonly given: DrawOptions;
  readonly parts: number;
  readonly queues = true;
  private readonly programs = new Map<Update, Programs>();
  private shown: Tensors = {}; // copies on the host, until the state changes
  private readonly besides: { dispose: () => void }[] = []; // averages that were asked for
  private readonly sent = new Map<Float32Array, Promise<DeviceArray>>(); // inputs on their way before they are needed
  private disposed = false;

  private constructor(
    private readonly device: Device,
    private readonly method: Method,
    private readonly options: RunOptions,
    private readonly on: XlaOptions,
    private readonly held: DeviceState,
    private readonly data: DeviceData | undefined,
  ) {
    this.parts = on.devices * options.accumulationRounds;
    this.given = {
      chance: false,
      samples: data === undefined,
      onAhead: (drawn, slice) => {
        this.sendAhead(drawn, slice);
      },
    };
    this.report = {
      engine: 'xla',
      workers: on.devices,
      reason: on.reason,
      device: device.name,
      precision: on.precision,
    };
  }

  /** An engine with a copy of `state`, and of the data set where that fits; the tensors stay the caller's. */
  static async create(
    device: Device,
    method: Method,
    options: RunOptions,
    state: Tensors,
    on: XlaOptions,
    dataset?: Dataset,
  ): Promise<XlaEngine> {
    const data = dataset && (await DeviceData.hold(device, on.devices, dataset));
    try {
      return new XlaEngine(device, method, options, on, await DeviceState.upload(device, on.devices, state), data);
    } catch (error) {
      data?.dispose();
      throw error;
    }
  }

  /** Uploads the large inputs of a part that a later update will be given, while this one computes. */
  private sendAhead(drawn: HostBatch, { first, count }: BatchSlice): void {
    if (this.disposed) return; // what was being drawn then
    for (const { data, shape } of Object.values(drawn)) {
      if (!isLarge(shape)) continue;
      const array = this.device.upload(data, shape, (first / count) % this.on.devices);
      array.catch(() => undefined); // the update that needs it gets the error
      this.sent.set(data, array);
    }
  }

  /** Compiles a module, and makes sure that there is room for it before training begins. */
  private async load({ module, ...rest }: StepModule): Promise<Loaded> {
    const program = await this.device.compile(module);
    const resident = module.arguments
      .filter(({ name }) => (this.held.get(name, 0) ?? this.data?.get(name, 0)) !== undefined)
      .reduce((sum, { value }) => sum + bytesOf(value), 0);
    try {
      program.requireRoom?.(resident);
    } catch (error) {
      program.dispose();
      throw error;
    }
    return {
      ...rest,
      program,
      arguments: module.arguments.map(({ name, value }) => ({ name, shape: value.shape })),
      results: module.results.map(({ name }) => name),
    };
  }

  /** Traces and compiles an update's programs, which takes seconds. @throws TraceError where its step cannot be traced */
  async prepare(update: Update): Promise<void> {
    await this.programsOf(update);
  }

  private async programsOf(update: Update): Promise<Programs> {
    const known = this.programs.get(update);
    if (known) return known;
    const { method, options, on } = this;
    const plan = { method, update, options, rows: options.batch / this.parts, held: this.data?.layout, ...on };
    const made: Programs = { plan };
    try {
      if (options.accumulationRounds === 1) made.step = await this.load(stepModule(plan));
      else {
        made.gradient = await this.load(gradientModule(plan));
        made.apply = await this.load(applyModule(plan, made.gradient.metrics));
      }
    } catch (error) {
      made.gradient?.program.dispose();
      throw error;
    }
    this.programs.set(update, made);
    return made;
  }

  /** Calls a program on all devices: state and sums by name, the rest uploaded; results by name, one array a device. */
  private async call(
    { program, packing, arguments: args, results }: Loaded,
    batches: readonly Part[],
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
    const given = async ({ data, shape }: HostArray, index: number): Promise<DeviceArray> => {
      const sent = this.sent.get(data);
      if (!sent) return send(data, shape, index);
      this.sent.delete(data);
      uploaded.push(await sent);
      return sent;
    };
    try {
      const inputs = await allEnded(
        batches.map(({ drawn, first }, index) => {
          const words = pack(packing, { seed: this.options.seed, step, first }, numbers, drawn);
          return allEnded(
            args.map(async ({ name, shape }) => {
              if (name === 'words') return send(words, shape, index);
              const known = this.held.get(name, index) ?? this.data?.get(name, index) ?? totals?.get(name)?.[index];
              return known ?? given(drawn[name.slice('given/'.length)], index);
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

  /** The next part of every device, from part number `at` on. */
  private async round(parts: AsyncIterator<HostBatch>, at: number): Promise<Part[]> {
    const count = this.options.batch / this.parts;
    const result: Part[] = [];
    for (let i = 0; i < this.on.devices; i++) {
      const { value } = (await parts.next()) as IteratorYieldResult<HostBatch>;
      result.push({ drawn: value, first: (at + i) * count });
    }
    return result;
  }

  private async zeros(loaded: Loaded): Promise<Map<string, readonly DeviceArray[]>> {
    const totals = new Map<string, readonly DeviceArray[]>();
    try {
      for (const { name, shape } of loaded.arguments.filter(one => one.name.startsWith('total/'))) {
        const zero = new Float32Array(shapeSize(shape));
        const copies = Array.from({ length: this.on.devices }, (_, index) => this.device.upload(zero, shape, index));
        totals.set(name, await allUploaded(copies));
      }
      return totals;
    } catch (error) {
      disposeAll(totals);
      throw error;
    }
  }

  /** Sums all rounds of an update on the devices. */
  private async accumulate(programs: Programs, parts: AsyncIterator<HostBatch>, step: number): Promise<void> {
    programs.gradient ??= await this.load(gradientModule(programs.plan));
    let totals = programs.totals ?? (await this.zeros(programs.gradient));
    programs.totals = undefined; // a round that fails may have consumed them: the next update begins with zeros
    try {
      for (let adds = 0; adds < this.options.accumulationRounds; adds++) {
        const round = await this.round(parts, adds * this.on.devices);
        totals = await this.call(programs.gradient, round, step, { adds }, totals);
      }
      programs.totals = totals;
    } catch (error) {
      disposeAll(totals);
      throw error;
    }
  }

  async update(update: Update, parts: AsyncIterable<HostBatch>, position: Position): Promise<PendingMetrics> {
    const { step } = position;
    const numbers = scalarsOf(position, this.options);
    const programs = await this.programsOf(update);
    const given = parts[Symbol.asyncIterator]();
    const loaded = (programs.step ?? programs.apply)!;
    if (!programs.step) await this.accumulate(programs, given, step);
    const nothing = Array.from({ length: this.on.devices }, () => ({ drawn: {}, first: 0 }));
    const round = programs.step ? await this.round(given, 0) : nothing;
    const results = await this.call(loaded, round, step, numbers, programs.totals);
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

  async gradient(update: Update, parts: AsyncIterable<HostBatch>, step: number): Promise<Float32Array> {
    const programs = await this.programsOf(update);
    await this.accumulate(programs, parts[Symbol.asyncIterator](), step);
    const copies = programs.totals!.get('total/gradient')!;
    const size = this.method.denoisers[update.trains]!.parameters.reduce((sum, { shape }) => sum + shapeSize(shape), 0);
    const values = await Promise.all(copies.map(array => array.read(new Float32Array(size))));
    return values.reduce((sum, more) => sum.map((x, i) => x + more[i]));
  }

  async averages(count: number): Promise<HeldAverages> {
    const size = this.method.denoisers.phi!.parameters.reduce((sum, { shape }) => sum + shapeSize(shape), 0);
    const made = await deviceAverages(this.device, { phi: () => this.held.get('phi', 0)!, size, count });
    this.besides.push(made);
    return made;
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
    this.disposed = true;
    this.forget();
    for (const { step, gradient, apply, totals } of this.programs.values()) {
      for (const loaded of [step, gradient, apply]) loaded?.program.dispose();
      disposeAll(totals);
    }
    this.programs.clear();
    for (const part of this.besides) part.dispose();
    this.held.dispose();
    this.data?.dispose();
    for (const sent of this.sent.values())
      sent.then(
        array => {
          array.dispose();
        },
        () => undefined,
      );
    this.sent.clear();
  }
}
