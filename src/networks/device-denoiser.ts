import { type Shape, shapeSize } from '../compute/host-arrays';
import * as tf from '@tensorflow/tfjs-core';
import { traceTwice } from '../compute/graph/trace-twice';
import { type Tensors, withPrefix } from '../compute/tensors';
import { moduleOf } from '../compute/xla/emit';
import type { Device, DeviceArray, DeviceProgram } from '../compute/xla/device';
import { allEnded, allUploaded } from '../compute/xla/uploads';
import type { Model } from './model';
import { suspended } from './suspended';

type Input = { name: string; data: Float32Array; shape: readonly number[] };
type Prepared = { rows: number; program: DeviceProgram; arguments: readonly { name: string; shape: Shape }[] };

/** A denoiser whose parameters lie on a device; every evaluation is one call of a program there. */
export class DeviceDenoiser {
  private readonly prepared = new Map<string, Prepared[]>(); // by the inputs that are given
  private eager = false; // the network cannot be traced

  private constructor(
    private readonly device: Device,
    private readonly model: Model,
    private readonly held: ReadonlyMap<string, DeviceArray>,
    private readonly fallsBack: (error: unknown) => boolean,
  ) {}

  /**
   * Copies the parameters; they stay the caller's.
   * @param fallsBack asked about an error of an evaluation: whether TensorFlow.js evaluates the network from then on
   */
  static async create(
    device: Device,
    model: Model,
    fallsBack: (error: unknown) => boolean = () => false,
  ): Promise<DeviceDenoiser> {
    const { denoiser, parameters } = model;
    const arrays = await allUploaded(
      denoiser.parameters.map(async ({ name, shape }) =>
        device.upload(await parameters[name].data<'float32'>(), shape),
      ),
    );
    const held = denoiser.parameters.map(({ name }, i) => [`parameters/${name}`, arrays[i]] as const);
    return new DeviceDenoiser(device, model, new Map(held), fallsBack);
  }

  /** The program for these inputs with at least their number of rows; compiled where there is none, which takes seconds. */
  private async programFor(inputs: readonly Input[]): Promise<Prepared> {
    const [B] = inputs[0].shape;
    const key = inputs.map(({ name }) => name).join();
    const known = this.prepared.get(key) ?? [];
    const fits = known.filter(({ rows }) => rows >= B).sort((a, b) => a.rows - b.rows)[0] as Prepared | undefined;
    if (fits) return fits;
    const { denoiser } = this.model;
    const parameters = denoiser.parameters.map(({ name, shape }) => [`parameters/${name}`, shape] as const);
    const shapes = Object.fromEntries([...parameters, ...inputs.map(({ name, shape }) => [name, shape] as const)]);
    const f = ({ x, sigma, t, labels, augment, ...rest }: Tensors): Tensors => ({
      denoised: denoiser.denoise(withPrefix('parameters/', rest), x, sigma, { t, labels, augment }),
    });
    const module = moduleOf(traceTwice(f, shapes), 'float32');
    const made: Prepared = {
      rows: B,
      program: await this.device.compile(module),
      arguments: module.arguments.map(({ name, value }) => ({ name, shape: value.shape })),
    };
    this.prepared.set(key, [...known, made]);
    return made;
  }

  /** D(x, sigma) and so on, row by row: as many numbers as x has. Rows that fill up a program are 1, a valid level. */
  private async evaluate(inputs: readonly Input[]): Promise<Float32Array> {
    const { program, arguments: args } = await this.programFor(inputs);
    const own: DeviceArray[] = [];
    try {
      const list = await allEnded(
        args.map(async ({ name, shape }) => {
          const known = this.held.get(name);
          if (known) return known;
          const padded = new Float32Array(shapeSize(shape)).fill(1);
          padded.set(inputs.find(input => input.name === name)!.data);
          const array = await this.device.upload(padded, shape);
          own.push(array);
          return array;
        }),
      );
      const [[denoised]] = await program.run([list]);
      own.push(denoised);
      const { shape } = args.find(({ name }) => name === 'x')!;
      return (await denoised.read(new Float32Array(shapeSize(shape)))).slice(0, inputs[0].data.length);
    } finally {
      for (const array of own) array.dispose();
    }
  }

  /** The evaluation as a tensor, where the network is evaluated. */
  private async tensorOf(inputs: readonly Input[], shape: number[]): Promise<tf.Tensor> {
    if (!this.eager)
      try {
        return tf.tensor(await this.evaluate(inputs), shape);
      } catch (error) {
        this.eager = this.fallsBack(error);
        if (!this.eager) throw error;
      }
    return tf.tidy(() => {
      const tensors = inputs.map(({ name, data, shape }) => [name, tf.tensor(data, [...shape])] as const);
      const { x, sigma, ...rest } = Object.fromEntries(tensors);
      return this.model.denoiser.denoise(this.model.parameters, x, sigma, rest);
    });
  }

  /** The evaluation as a tensor, for functions that `settled` runs. */
  denoise(given: Record<string, tf.Tensor | undefined>): tf.Tensor {
    const { x } = given;
    return suspended(() => {
      const inputs = Object.entries(given).flatMap(([name, t]) =>
        t ? [{ name, data: t.dataSync<'float32'>().slice(), shape: [...t.shape] }] : [],
      );
      return () => this.tensorOf(inputs, x!.shape);
    });
  }

  dispose(): void {
    for (const { program } of [...this.prepared.values()].flat()) program.dispose();
    for (const array of this.held.values()) array.dispose();
    this.prepared.clear();
  }
}
