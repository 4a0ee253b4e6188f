/*
 * A run's state on the devices, the same on each: one vector for the parameters of a role, for the average and for each of
 * Adam's moments. Few large arrays: a call costs what its arguments and results are in number.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensors } from '../compute/tensors';
import type { Device, DeviceArray } from '../compute/xla/device';
import { allUploaded } from '../compute/xla/uploads';

/** Where a tensor of the state lies: in which vector, from which element on. */
type Place = { vector: string; begin: number; shape: number[]; size: number };
type Vector = { size: number; copies: readonly DeviceArray[] };

/** `phi/enc.conv.weight` lies in the vector `phi`; `phi.v` is a vector itself. */
const vectorOf = (name: string): string => name.split('/')[0];

/** The vectors of a state, with as many copies as there are devices. */
export class DeviceState {
  private readonly vectors = new Map<string, Vector>();

  private constructor(private readonly places: ReadonlyMap<string, Place>) {}

  /** Copies `state` to the devices; the tensors stay the caller's. */
  static async upload(device: Device, devices: number, state: Tensors): Promise<DeviceState> {
    const places = new Map<string, Place>();
    const sizes = new Map<string, number>();
    for (const [name, { shape, size }] of Object.entries(state)) {
      const vector = vectorOf(name);
      const begin = sizes.get(vector) ?? 0;
      places.set(name, { vector, begin, shape, size });
      sizes.set(vector, begin + size);
    }
    const result = new DeviceState(places);
    try {
      for (const [vector, size] of sizes) {
        const data = new Float32Array(size);
        for (const [name, place] of places)
          if (place.vector === vector) data.set(await state[name].data<'float32'>(), place.begin);
        const copies = Array.from({ length: devices }, (_, index) => device.upload(data, [size], index));
        result.vectors.set(vector, { size, copies: await allUploaded(copies) });
      }
      return result;
    } catch (error) {
      result.dispose();
      throw error;
    }
  }

  /** A vector on device `index`; undefined where there is none of this name. */
  get(vector: string, index: number): DeviceArray | undefined {
    return this.vectors.get(vector)?.copies[index];
  }

  /** Takes over new copies of a vector, one a device. Those before were consumed by the call that made them, or are freed. */
  replace(vector: string, copies: readonly DeviceArray[]): void {
    const { size, copies: before } = this.vectors.get(vector)!;
    for (const array of before) array.dispose();
    this.vectors.set(vector, { size, copies });
  }

  /** Names of the state's tensors that start with `prefix`, in its order. */
  names(prefix = ''): string[] {
    return [...this.places.keys()].filter(name => name.startsWith(prefix));
  }

  /** The vectors in which these names lie, each once. */
  private needed(names: readonly string[]): [string, Vector][] {
    const vectors = new Set(names.map(vectorOf));
    return [...vectors].map(vector => [vector, this.vectors.get(vector)!]);
  }

  private tensors(names: readonly string[], values: ReadonlyMap<string, Float32Array>): Tensors {
    return Object.fromEntries(
      names.map(name => {
        const { vector, begin, shape, size } = this.places.get(name)!;
        return [name, tf.tensor(values.get(vector)!.slice(begin, begin + size), shape)];
      }),
    );
  }

  /** Copies to the host; the caller owns the tensors. */
  async download(names: readonly string[]): Promise<Tensors> {
    const reading = this.needed(names).map(
      async ([vector, { size, copies }]) => [vector, await copies[0].read(new Float32Array(size))] as const,
    );
    return this.tensors(names, new Map(await Promise.all(reading)));
  }

  /** The same, while this thread waits. */
  downloadSync(names: readonly string[]): Tensors {
    const read = this.needed(names).map(
      ([vector, { size, copies }]) => [vector, copies[0].readSync(new Float32Array(size))] as const,
    );
    return this.tensors(names, new Map(read));
  }

  dispose(): void {
    for (const { copies } of this.vectors.values()) for (const array of copies) array.dispose();
    this.vectors.clear();
  }
}
