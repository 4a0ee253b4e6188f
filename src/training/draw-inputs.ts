/* What an update declares, drawn on the host: data -> batch -> step, in one direction. */
import { type HostArray, shapeSize } from '../compute/host-arrays';
import * as tf from '@tensorflow/tfjs-core';
import { normalRows, uniformRows } from '../compute/noise';
import type { Tensors } from '../compute/tensors';
import { type DataBatch, type Dataset, networkUnits, trainingIndices } from '../datasets';
import { type ChanceSpec, type DataSpec, type Inputs, type InputSpec, oneHot } from '../methods';
import { checkedBatch } from './checked-batch';

/** Inputs of an update by name. */
export type HostBatch = Record<string, HostArray>;

/** Which samples of which step: the same sample gets the same data, times and noise however a batch is cut. */
export type BatchSlice = {
  seed: number;
  /** Updates of this kind before this one. */
  step: number;
  /** Samples of the whole step. */
  batch: number;
  /** First sample of this slice. */
  first: number;
  /** Samples in this slice. */
  count: number;
};

/** Shapes of the inputs for `count` samples. */
export const inputShapes = (inputs: Inputs, count: number): Record<string, number[]> =>
  Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, [count, ...shape]]));

/** Random numbers of a slice, row by row. */
const drawChance = ({ kind, stream, shape }: ChanceSpec, { seed, step, first, count }: BatchSlice): Float32Array => {
  const rows = kind === 'normal' ? normalRows : uniformRows;
  return rows({ seed, stream, step }, first, count, shapeSize(shape));
};

/** Reads every batch of the data once, also where its samples and its labels are two inputs. */
const dataReader = (dataset: Dataset, { seed, step, batch, first, count }: BatchSlice) => {
  const read = new Map<number, Promise<DataBatch>>();
  return (every: number, offset: number): Promise<DataBatch> => {
    const number = every * step + offset;
    const draw = async (): Promise<DataBatch> => {
      const indices = trainingIndices(dataset, { seed, step: number, batch, first, count });
      return checkedBatch(dataset, indices, await dataset.batch(indices));
    };
    const reading = read.get(number) ?? draw();
    read.set(number, reading);
    return reading;
  };
};

/** Inputs that are nothing but random numbers: an engine that draws them itself is not given them. */
export const isChance = (spec: InputSpec): spec is ChanceSpec => spec.kind === 'normal' || spec.kind === 'uniform';

/** What an engine wants to be given, where that is less than everything. */
export type Given = {
  /** Random inputs; false: it draws them itself, where it computes. Default true. */
  chance?: boolean;
  /** Samples; false: it holds the data set and is given row numbers in their place, one a sample. Default true. */
  samples?: boolean;
};

/**
 * Draws the inputs of one slice, or what of them is to be given. What is drawn depends on the slice alone.
 * @throws DatasetError for numbers that are not finite and labels out of range; what the data set throws where it cannot
 * be read.
 */
export const drawInputs = async (
  inputs: Inputs,
  dataset: Dataset,
  slice: BatchSlice,
  { chance = true, samples = true }: Given = {},
): Promise<HostBatch> => {
  const read = dataReader(dataset, slice);
  const rowsOf = ({ every, offset }: DataSpec): Float32Array =>
    Float32Array.from(trainingIndices(dataset, { ...slice, step: every * slice.step + offset }));
  const draw = async (spec: InputSpec): Promise<Float32Array> => {
    if (spec.kind === 'computed') {
      const [first, second] = spec.from;
      return spec.value(drawChance(first, slice), second && drawChance(second, slice));
    }
    if (spec.kind !== 'data') return drawChance(spec, slice);
    if (!samples) return rowsOf(spec);
    const { x, labels } = await read(spec.every, spec.offset);
    return spec.part === 'x0' ? networkUnits(x) : oneHot(labels, spec.shape[0]);
  };
  const batch: HostBatch = {};
  for (const [name, spec] of Object.entries(inputs).filter(([, spec]) => chance || !isChance(spec)))
    batch[name] = {
      data: await draw(spec),
      shape: spec.kind === 'data' && !samples ? [slice.count] : [slice.count, ...spec.shape],
    };
  return batch;
};

/** Tensors of a host batch; the caller owns them. */
export const upload = (batch: HostBatch): Tensors =>
  Object.fromEntries(Object.entries(batch).map(([name, { data, shape }]) => [name, tf.tensor(data, [...shape])]));
