/* A feature network on an accelerator: its weights lie there, bytes of images go up, vectors come back. */
import { shapeSize } from '../compute/host-arrays';
import { trace } from '../compute/graph/trace';
import type { OnnxNetwork } from '../compute/onnx-network';
import { withPrefix } from '../compute/tensors';
import { HloBuilder } from '../compute/xla/builder';
import type { Device, DeviceArray, DeviceProgram } from '../compute/xla/device';
import { emit } from '../compute/xla/emit';
import type { Precision } from '../compute/xla/emitter';
import type { Hlo, HloModule } from '../compute/xla/hlo';
import { preprocessOnDevice } from './device-preprocessing';
import { inputShape, type Preprocessing } from './preprocessing';
import type { Output } from './vector-rows';

type ImageShape = { h: number; w: number; c: number };

/** How images go through a network on a device. */
export type DeviceForm = {
  preprocessing: Preprocessing;
  /** Images of every call; a last batch is filled up with black ones. */
  batch: number;
  precision: Precision;
  /** True: what goes up is the network's input, made by `preprocess`. */
  prepared?: boolean;
};

/** One program for images of a size. */
type Prepared = { program: DeviceProgram; arguments: readonly string[]; results: readonly Hlo[] };

/** What goes up for images of a size. */
const sentShape = ({ h, w, c }: ImageShape, { preprocessing, batch, prepared }: DeviceForm): number[] =>
  prepared ? inputShape(preprocessing, batch, { h, w }) : [batch, h, w, c];

/** From bytes to the network's outputs, in one module. */
const featureModule = (network: OnnxNetwork, images: ImageShape, form: DeviceForm): HloModule => {
  const { preprocessing, batch, precision, prepared } = form;
  const weights = Object.entries(network.parameters).map(([name, { shape }]) => [`parameters/${name}`, shape] as const);
  const shapes = Object.fromEntries([...weights, ['images', inputShape(preprocessing, batch, images)] as const]);
  const graph = trace(({ images: x, ...rest }) => network.apply(withPrefix('parameters/', rest), x), shapes);
  const b = new HloBuilder();
  const inputs: Record<string, Hlo> = Object.fromEntries(
    weights.map(([name, shape]) => [name, b.argument(name, shape, 'f32')] as const),
  );
  const type = prepared && preprocessing.dtype === 'float32' ? 'f32' : 'ui8';
  const sent = b.argument('images', sentShape(images, form), type);
  inputs.images = prepared ? b.convert(sent, 'f32') : preprocessOnDevice(b, sent, preprocessing);
  return b.module(emit(graph, inputs, { builder: b, precision }));
};

/** What a batch gave: outputs in the order in which the network was asked for them. */
type DeviceRows = Output[];

/** A network of an ONNX file whose weights lie on a device. */
export class DeviceNetwork {
  private readonly prepared = new Map<string, Promise<Prepared>>();

  private constructor(
    private readonly device: Device,
    private readonly network: OnnxNetwork,
    private readonly form: DeviceForm,
    private readonly held: ReadonlyMap<string, DeviceArray>,
  ) {}

  /** Uploads the weights, which stay there until it is disposed of. */
  static async create(device: Device, network: OnnxNetwork, form: DeviceForm): Promise<DeviceNetwork> {
    const held = new Map<string, DeviceArray>();
    try {
      for (const [name, { data, shape }] of Object.entries(network.parameters))
        held.set(`parameters/${name}`, await device.upload(data, shape));
    } catch (error) {
      for (const array of held.values()) array.dispose();
      throw error;
    }
    return new DeviceNetwork(device, network, form, held);
  }

  /** The program for images of a size; the first of a size takes seconds to compile. */
  private programFor(shape: ImageShape): Promise<Prepared> {
    const key = `${shape.h} ${shape.w} ${shape.c}`;
    const known = this.prepared.get(key);
    if (known) return known;
    const make = async (): Promise<Prepared> => {
      const module = featureModule(this.network, shape, this.form);
      return {
        program: await this.device.compile(module),
        arguments: module.arguments.map(({ name }) => name),
        results: module.results.map(({ value }) => value),
      };
    };
    const made = make().catch((error: unknown) => {
      this.prepared.delete(key);
      throw error;
    });
    this.prepared.set(key, made);
    return made;
  }

  /** Shapes of the outputs for images of a size; nothing is compiled. @throws OnnxOperatorError, TraceError */
  shapesFor(images: ImageShape): (readonly number[])[] {
    return featureModule(this.network, images, this.form).results.map(({ value }) => value.shape);
  }

  /**
   * The outputs of at most `batch` images; rows beyond them belong to images of zeros.
   * @param data bytes [n, h, w, c], or what `preprocess` made of them where the form says so
   */
  async run(data: Uint8Array | Float32Array, images: ImageShape): Promise<DeviceRows> {
    const { program, arguments: names, results } = await this.programFor(images);
    const shape = sentShape(images, this.form);
    const size = shapeSize(shape);
    let whole = data;
    if (data.length < size)
      (whole = data instanceof Uint8Array ? new Uint8Array(size) : new Float32Array(size)).set(data);
    const own: DeviceArray[] = [await this.device.upload(whole, shape)];
    try {
      const [made] = await program.run([names.map(name => this.held.get(name) ?? own[0])]);
      own.push(...made);
      return await Promise.all(
        made.map(async (array, i) => {
          const dims = results[i].shape;
          return { data: await array.read(new Float32Array(shapeSize(dims))), dims };
        }),
      );
    } finally {
      for (const array of own) array.dispose();
    }
  }

  async dispose(): Promise<void> {
    for (const prepared of this.prepared.values()) (await prepared.catch(() => undefined))?.program.dispose();
    for (const array of this.held.values()) array.dispose();
    this.prepared.clear();
  }
}
