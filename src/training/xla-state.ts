/* A run's state on the devices: every parameter, average and moment an array of its own, the same on each device. */
import * as tf from '@tensorflow/tfjs-core';
import { type Shape, sizeOf } from '../compute/graph/shapes';
import { type Tensors, withPrefix } from '../compute/tensors';
import type { Device, DeviceArray } from '../compute/xla/device';

type Entry = { shape: Shape; copies: readonly DeviceArray[] };

/** Moments are one vector over a role's parameters outside, `phi.v`, and an array each inside, `phi.v/...`. */
const isMoment = (name: string): boolean => !name.includes('/');
const roleOf = (moment: string): string => moment.split('.')[0];

/** Arrays behind one another. */
export const joined = (parts: readonly Float32Array[]): Float32Array => {
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};

/** Named arrays with as many copies as there are devices. */
export class DeviceState {
  private readonly entries = new Map<string, Entry>();

  private constructor(
    private readonly device: Device,
    private readonly devices: number,
    private readonly order: readonly string[], // of the state outside
  ) {}

  /** Copies `state` to the devices; the tensors stay the caller's. */
  static async upload(device: Device, devices: number, state: Tensors): Promise<DeviceState> {
    const result = new DeviceState(device, devices, Object.keys(state));
    try {
      for (const [name, tensor] of Object.entries(state)) {
        const values = await tensor.data<'float32'>();
        if (!isMoment(name)) await result.put(name, values, tensor.shape);
        else
          for (const [parameter, begin, { shape, size }] of result.slices(name, state))
            await result.put(`${name}/${parameter}`, values.slice(begin, begin + size), shape);
      }
      return result;
    } catch (error) {
      result.dispose();
      throw error;
    }
  }

  /** Where each parameter lies in a moment's vector. */
  private slices(moment: string, state: Record<string, { shape: number[]; size: number }>) {
    let at = 0;
    return Object.entries(withPrefix(`${roleOf(moment)}/`, state as Tensors)).map(([parameter, { shape, size }]) => {
      at += size;
      return [parameter, at - size, { shape, size }] as const;
    });
  }

  private async put(name: string, data: Float32Array, shape: Shape): Promise<void> {
    const copies = Array.from({ length: this.devices }, (_, index) => this.device.upload(data, shape, index));
    this.entries.set(name, { shape, copies: await Promise.all(copies) });
  }

  /** The array of a name on device `index`; undefined where there is none. */
  get(name: string, index: number): DeviceArray | undefined {
    return this.entries.get(name)?.copies[index];
  }

  /** Takes over new arrays for a name, one a device. Those before were consumed by the call that made them, or are freed. */
  replace(name: string, copies: readonly DeviceArray[]): void {
    const { shape, copies: before } = this.entries.get(name)!;
    for (const array of before) array.dispose();
    this.entries.set(name, { shape, copies });
  }

  /** Names of the state as it is outside that start with `prefix`, in its order. */
  names(prefix = ''): string[] {
    return this.order.filter(name => name.startsWith(prefix));
  }

  /** The arrays that make up a name: itself, or a moment's parts. */
  private partsOf(name: string): Entry[] {
    return isMoment(name)
      ? [...this.entries].filter(([part]) => part.startsWith(`${name}/`)).map(([, entry]) => entry)
      : [this.entries.get(name)!];
  }

  private tensor(name: string, parts: readonly Float32Array[]): tf.Tensor {
    if (!isMoment(name)) return tf.tensor(parts[0], [...this.entries.get(name)!.shape]);
    return tf.tensor1d(joined(parts));
  }

  /** Copies to the host; the caller owns the tensors. */
  async download(names: readonly string[]): Promise<Tensors> {
    const reading = names.map(name =>
      Promise.all(this.partsOf(name).map(({ shape, copies }) => copies[0].read(new Float32Array(sizeOf(shape))))),
    );
    const parts = await Promise.all(reading);
    return Object.fromEntries(names.map((name, i) => [name, this.tensor(name, parts[i])]));
  }

  /** The same, while this thread waits. */
  downloadSync(names: readonly string[]): Tensors {
    const read = ({ shape, copies }: Entry): Float32Array => copies[0].readSync(new Float32Array(sizeOf(shape)));
    return Object.fromEntries(names.map(name => [name, this.tensor(name, this.partsOf(name).map(read))]));
  }

  dispose(): void {
    for (const { copies } of this.entries.values()) for (const array of copies) array.dispose();
    this.entries.clear();
  }
}
