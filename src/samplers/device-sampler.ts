/*
 * A sampler on an accelerator. The state stays there from the first step to the last, and noise is drawn there from the
 * seeds; what goes up is a few words a step. Levels and weights are inputs: one program a kind of step serves any number of
 * steps and all times, so that a search for times compiles once.
 */
import type * as tf from '@tensorflow/tfjs-core';
import { shapeSize } from '../compute/host-arrays';
import { traceTwice } from '../compute/graph/trace-twice';
import { addPrefix, type Tensors, withPrefix } from '../compute/tensors';
import { HloBuilder } from '../compute/xla/builder';
import type { Device, DeviceArray, DeviceProgram } from '../compute/xla/device';
import { emit } from '../compute/xla/emit';
import type { Precision } from '../compute/xla/emitter';
import type { Hlo, HloModule } from '../compute/xla/hlo';
import { type DeviceAddress, deviceNormal } from '../compute/xla/noise';
import { allUploaded } from '../compute/xla/uploads';
import type { Model } from '../networks';
import { type Guided, guidedDenoise } from './guidance';
import type { Step, Steps } from './steps';

/** How a sampler is spread and computed. */
type Form = {
  rows: number; // samples of one batch, at most
  devices: number;
  precision: Precision;
  labelled: boolean;
  guided?: Guided;
};

/** A compiled kind of step, and the names of its arguments in their order. */
type Loaded = { program: DeviceProgram; arguments: readonly string[] };

/** Seeds of one device's rows as words [2, rows], low halves first. */
const seedWords = (seeds: readonly number[], rows: number): Uint32Array => {
  const words = new Uint32Array(2 * rows); // rows that fill up a batch have seed 0
  seeds.forEach((seed, i) => {
    words[i] = seed >>> 0;
    words[rows + i] = Math.floor(seed / 2 ** 32);
  });
  return words;
};

/** Where the noise of every row lies: its seed's own. */
const addressOf = (b: HloBuilder, seeds: Hlo, step: Hlo): DeviceAddress => {
  const [, rows] = seeds.shape;
  const half = (i: number): Hlo => b.reshape(b.slice(seeds, [i, 0], [1, rows]), [rows]);
  return { seed: [half(0), half(1)], stream: 'sampler', step };
};

/** The words of a step: which noise, then its numbers by their bits. */
const wordsOf = (noise: number, numbers: readonly number[]): Uint32Array => {
  const words = new Uint32Array(1 + numbers.length);
  words[0] = noise;
  new Float32Array(words.buffer).set(numbers, 1);
  return words;
};

/** What `wordsOf` wrote: [] each. */
const readWords = (b: HloBuilder, count: number): { step: Hlo; numbers: Hlo[] } => {
  const words = b.argument('words', [1 + count], 'ui32');
  const word = (i: number): Hlo => b.reshape(b.slice(words, [i], [1]), []);
  const numbers = Array.from({ length: count }, (_, i) => b.op('bitcast_convert', [word(i + 1)], [], 'f32'));
  return { step: word(0), numbers };
};

/** x = level z: arguments `words` and `seeds`. */
const startModule = (shape: readonly number[], rows: number, devices: number): HloModule => {
  const b = new HloBuilder(devices);
  const { step, numbers } = readWords(b, 1);
  const z = deviceNormal(b, addressOf(b, b.argument('seeds', [2, rows], 'ui32'), step), rows, shape);
  return b.module({ x: b.elementwise('multiply', z, b.broadcastIn(numbers[0], z.shape, [])) });
};

/** One kind of step: x takes its own memory. The last number is the weight against a guide, where there is one. */
const stepModule = (
  { denoiser }: Model,
  next: Steps['next'],
  { kind, numbers: given, drawn }: Step & { drawn: boolean },
  rows: number,
  { devices, precision, labelled, guided }: Form,
): HloModule => {
  const count = given.length + (guided ? 1 : 0);
  const names = Array.from({ length: count }, (_, i) => `number${i}`);
  const parametersOf = (prefix: string, model: Model): [string, readonly number[]][] =>
    model.denoiser.parameters.map(({ name, shape }) => [prefix + name, shape]);
  const x = [rows, ...denoiser.sampleShape];
  const shapes = Object.fromEntries([
    ...parametersOf('parameters/', { denoiser, parameters: {} }),
    ...(guided ? parametersOf('guide/', guided.model) : []),
    ['x', x] as const,
    ...(labelled ? [['labels', [rows, denoiser.classes]] as const] : []),
  ]);
  const f = (inputs: Tensors): Tensors => {
    const numbers = names.map(name => inputs[name] as tf.Scalar);
    const main = { denoiser, parameters: withPrefix('parameters/', inputs) };
    const guide = guided && {
      model: { denoiser: guided.model.denoiser, parameters: withPrefix('guide/', inputs) },
      weight: numbers[count - 1],
    };
    const denoise = guidedDenoise(main, guide, inputs.labels);
    return { x: next(inputs.x, { kind, denoise, numbers, ...(drawn && { noise: inputs.noise }) }) };
  };
  const scalars = Object.fromEntries(names.map(name => [name, []]));
  const trace = traceTwice(f, { ...shapes, ...scalars, ...(drawn && { noise: x }) });
  const b = new HloBuilder(devices);
  const args = Object.entries(shapes).map(([name, shape]) => [name, b.argument(name, shape, 'f32')] as const);
  const { step, numbers } = readWords(b, count);
  const inputs: Record<string, Hlo> = Object.fromEntries([
    ...args,
    ...names.map((name, i) => [name, numbers[i]] as const),
  ]);
  if (drawn) {
    const seeds = b.argument('seeds', [2, rows], 'ui32');
    inputs.noise = deviceNormal(b, addressOf(b, seeds, step), rows, denoiser.sampleShape);
  }
  return b.module(emit(trace, inputs, { builder: b, precision }));
};

const kindOf = ({ kind = '' }: Step): string => kind;

/** Samples of one network by one sampler, batch after batch. */
export class DeviceSampler {
  private constructor(
    private readonly device: Device,
    private readonly model: Model,
    private readonly steps: Steps,
    private readonly form: Form,
    private readonly rows: number, // of one device
    private readonly start: Loaded,
    private readonly kinds: ReadonlyMap<string, Loaded>,
    private readonly held: ReadonlyMap<string, readonly DeviceArray[]>, // parameters, one copy a device
  ) {}

  /** Copies the parameters and compiles; both stay until it is disposed of. @throws TraceError, DeviceError */
  static async create(device: Device, model: Model, steps: Steps, form: Form): Promise<DeviceSampler> {
    const { devices, guided } = form;
    const rows = Math.ceil(form.rows / devices);
    const free: { dispose: () => void }[] = [];
    const load = async (module: HloModule): Promise<Loaded> => {
      const program = await device.compile(module);
      free.push(program);
      return { program, arguments: module.arguments.map(({ name }) => name) };
    };
    try {
      const start = await load(startModule(model.denoiser.sampleShape, rows, devices));
      const kinds = new Map<string, Loaded>();
      for (const step of steps.steps)
        if (!kinds.has(kindOf(step))) {
          const drawn = steps.steps.some(other => kindOf(other) === kindOf(step) && other.noise !== undefined);
          kinds.set(kindOf(step), await load(stepModule(model, steps.next, { ...step, drawn }, rows, form)));
        }
      const parameters: Tensors = {
        ...addPrefix('parameters/', model.parameters),
        ...(guided && addPrefix('guide/', guided.model.parameters)),
      };
      const needed = new Set([...kinds.values()].flatMap(loaded => loaded.arguments));
      const held = new Map<string, readonly DeviceArray[]>();
      for (const [name, t] of Object.entries(parameters).filter(([key]) => needed.has(key))) {
        const data = await t.data<'float32'>();
        const copies: DeviceArray[] = [];
        held.set(name, copies);
        for (let index = 0; index < devices; index++) {
          copies.push(await device.upload(data, t.shape, index));
          free.push(copies[index]);
        }
      }
      return new DeviceSampler(device, model, steps, form, rows, start, kinds, held);
    } catch (error) {
      for (const part of free) part.dispose();
      throw error;
    }
  }

  /** One-hot rows of one device's labels; zeros in rows that fill up a batch. */
  private labelRows(labels: readonly number[]): Float32Array {
    const { classes } = this.model.denoiser;
    const rows = new Float32Array(this.rows * classes);
    labels.forEach((label, i) => (rows[i * classes + label] = 1));
    return rows;
  }

  /** Calls a program on all devices with parameters, what is given by name, and the words of a step. */
  private async call(
    { program, arguments: names }: Loaded,
    given: ReadonlyMap<string, readonly DeviceArray[]>,
    words: Uint32Array,
  ): Promise<readonly DeviceArray[]> {
    const sent = await this.everywhere(index => this.device.upload(words, [words.length], index));
    try {
      const inputs = sent.map((array, index) =>
        names.map(name => (name === 'words' ? array : (given.get(name) ?? this.held.get(name))![index])),
      );
      return (await program.run(inputs)).map(([x]) => x);
    } finally {
      for (const array of sent) array.dispose();
    }
  }

  /** One upload a device. */
  private everywhere(upload: (index: number) => Promise<DeviceArray>): Promise<DeviceArray[]> {
    return allUploaded(Array.from({ length: this.form.devices }, (_, index) => upload(index)));
  }

  /** The first `count` rows of all devices' states. */
  private async read(x: readonly DeviceArray[], count: number): Promise<Float32Array> {
    const size = shapeSize(this.model.denoiser.sampleShape);
    const parts = await Promise.all(x.map(array => array.read(new Float32Array(this.rows * size))));
    const all = new Float32Array(parts.length * this.rows * size);
    parts.forEach((part, index) => {
      all.set(part, index * this.rows * size);
    });
    return all.subarray(0, count * size);
  }

  /**
   * All steps for at most as many seeds as a batch has.
   * @param onState after every step: its number from 1, and what reads the state [n, ...sampleShape]
   * @returns [n, ...sampleShape]
   */
  async sample(
    seeds: readonly number[],
    labels: readonly number[] | undefined,
    {
      signal,
      onState,
    }: { signal?: AbortSignal; onState: (step: number, values: () => Promise<Float32Array>) => Promise<void> },
  ): Promise<Float32Array> {
    const { rows, device, form } = this;
    const share = <T>(all: readonly T[], index: number): readonly T[] => all.slice(index * rows, (index + 1) * rows);
    const given = new Map<string, readonly DeviceArray[]>();
    let x: readonly DeviceArray[] = [];
    try {
      const send = (index: number): Promise<DeviceArray> =>
        device.upload(seedWords(share(seeds, index), rows), [2, rows], index);
      given.set('seeds', await this.everywhere(send));
      if (labels) {
        const { classes } = this.model.denoiser;
        const sendLabels = (index: number): Promise<DeviceArray> =>
          device.upload(this.labelRows(share(labels, index)), [rows, classes], index);
        given.set('labels', await this.everywhere(sendLabels));
      }
      x = await this.call(this.start, given, wordsOf(0, [this.steps.start]));
      for (const [i, step] of this.steps.steps.entries()) {
        signal?.throwIfAborted();
        const numbers = [...step.numbers, ...(form.guided ? [form.guided.weight as number] : [])];
        const words = wordsOf(step.noise ?? 0, numbers);
        const before = x;
        x = await this.call(this.kinds.get(kindOf(step))!, new Map([...given, ['x', before]]), words);
        for (const array of before) array.dispose();
        await onState(i + 1, () => this.read(x, seeds.length));
      }
      return await this.read(x, seeds.length);
    } finally {
      for (const array of [...x, ...[...given.values()].flat()]) array.dispose();
    }
  }

  dispose(): void {
    for (const { program } of [this.start, ...this.kinds.values()]) program.dispose();
    for (const array of [...this.held.values()].flat()) array.dispose();
  }
}
