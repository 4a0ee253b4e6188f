/*
 * A data set in the memory of the devices. A step is then given the numbers of its rows, and gathers them there: what it
 * computes from is bit for bit what would have been uploaded.
 */
import { shapeSize } from '../compute/host-arrays';
import type { HloBuilder } from '../compute/xla/builder';
import type { Device, DeviceArray, HostData } from '../compute/xla/device';
import type { Hlo } from '../compute/xla/hlo';
import { allUploaded } from '../compute/xla/uploads';
import { type Dataset, indexRange, networkUnits } from '../datasets';
import type { DataSpec } from '../methods';
import { checkedBatch } from './checked-batch';

/** What lies on the devices, for whoever writes a module that reads it. */
export type HeldLayout = { length: number; size: number; type: 'f32' | 'ui8'; labelled: boolean };

/** Of a device's memory at most this part goes to data; where nobody knows how much there is, a gigabyte. */
const SHARE = 1 / 4;
const UNKNOWN_LIMIT = 2 ** 30;

/** Row numbers travel as float32, which has every integer up to here. */
const LONGEST = 2 ** 24;

/** Samples read at once, and for how long a data set may be read before it is left to be read as it is needed. */
const CHUNK = 4096;
const PATIENCE_MS = 20_000;

type HostRows = { x: Uint8Array | Float32Array; labels: Int32Array };

/** All samples; undefined where reading them takes too long, as decoding many large pictures does. */
const readAll = async (dataset: Dataset, size: number): Promise<HostRows | undefined> => {
  const { length, classes } = dataset;
  const began = performance.now();
  const labels = new Int32Array(classes > 0 ? length : 0);
  let all: HostRows['x'] | undefined;
  for (let first = 0; first < length; first += CHUNK) {
    const indices = indexRange(Math.min(CHUNK, length - first), first);
    const { x, labels: some } = checkedBatch(dataset, indices, await dataset.batch(indices));
    all ??= x instanceof Uint8Array ? new Uint8Array(length * size) : new Float32Array(length * size);
    all.set(x, first * size);
    if (classes > 0) labels.set(some, first);
    if (performance.now() - began > PATIENCE_MS) return undefined;
  }
  return all && { x: all, labels };
};

/** A data set on all devices of a run. */
export class DeviceData {
  private constructor(
    readonly layout: HeldLayout,
    private readonly arrays: ReadonlyMap<string, readonly DeviceArray[]>,
  ) {}

  /** Copies a data set to the devices; undefined where it is endless, too large, or takes too long to be read. */
  static async hold(device: Device, devices: number, dataset: Dataset): Promise<DeviceData | undefined> {
    const { length, sampleShape, classes } = dataset;
    if (length > LONGEST) return undefined;
    const size = shapeSize(sampleShape);
    const { x: one } = await dataset.batch([0]);
    const limit = device.limit === undefined ? UNKNOWN_LIMIT : device.limit * SHARE;
    if (length * (size * one.BYTES_PER_ELEMENT + (classes > 0 ? 4 : 0)) > limit) return undefined;
    const rows = await readAll(dataset, size);
    if (!rows) return undefined;
    const copies = (data: HostData, shape: number[]): Promise<DeviceArray[]> =>
      allUploaded(Array.from({ length: devices }, (_, index) => device.upload(data, shape, index)));
    const arrays = new Map([['data/x', await copies(rows.x, [length, size])]]);
    const type = rows.x instanceof Uint8Array ? 'ui8' : 'f32';
    const held = new DeviceData({ length, size, type, labelled: classes > 0 }, arrays);
    try {
      if (classes > 0) arrays.set('data/labels', await copies(rows.labels, [length]));
      return held;
    } catch (error) {
      held.dispose();
      throw error;
    }
  }

  /** The array of a module's argument on device `index`; undefined for arguments that are no data. */
  get(name: string, index: number): DeviceArray | undefined {
    return this.arrays.get(name)?.[index];
  }

  dispose(): void {
    for (const array of [...this.arrays.values()].flat()) array.dispose();
  }
}

/** Every byte in the units that networks see, by the function that the host uses. */
const UNITS = networkUnits(Uint8Array.from({ length: 256 }, (_, byte) => byte));

/** Writes the gathering of rows into a module, whose arguments `data/...` are made as they are needed. */
export const rowReader = (b: HloBuilder, { length, size, type }: HeldLayout): ((spec: DataSpec, rows: Hlo) => Hlo) => {
  const known = new Map<string, Hlo>();
  const argument = (name: string, make: () => Hlo): Hlo => {
    const value = known.get(name) ?? make();
    known.set(name, value);
    return value;
  };
  return ({ part, shape }, numbers) => {
    const rows = b.convert(numbers, 'i32');
    const [count] = rows.shape;
    if (part === 'x0') {
      const x = b.gather(
        argument('data/x', () => b.argument('data/x', [length, size], type)),
        rows,
        0,
      );
      const units = argument('units', () => b.constant(UNITS, [256], 'f32'));
      return b.reshape(type === 'ui8' ? b.gather(units, b.convert(x, 'i32'), 0) : x, [count, ...shape]);
    }
    const [classes] = shape;
    const labels = b.gather(
      argument('data/labels', () => b.argument('data/labels', [length], 'i32')),
      rows,
      0,
    );
    const wide = b.broadcastIn(labels, [count, classes], [0]);
    return b.convert(b.compare(wide, b.iota([count, classes], 1, 'i32'), 'EQ'), 'f32');
  };
};
