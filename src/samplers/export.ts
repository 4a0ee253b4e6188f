import type { HostArray } from '../compute/host-arrays';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../checkpoints';
import { expectInteger, expectKeys, fail } from '../compute/check';
import { encodeOnnx, exportModel } from '../compute/onnx';
import type { SamplingTimes } from '../diffusion';
import { type Denoiser, matchParameters, type Model, parameterCount, type Tensors } from '../networks';
import { type ExportedFunction, generatorFunction, samplerFunction } from './exported-functions';

/** Options of `exportOnnx`. */
export type ExportOptions = {
  /** Noise levels T = t_0 > ... > t_{K-1} > 0 of Algorithm 1, as in `sampleMultistep`; default: the generator alone. */
  times?: readonly number[];
  /** Samples a call, fixed; default: any number. */
  batch?: number;
  /** Further entries of the file's metadata. */
  metadata?: Readonly<Record<string, string>>;
};

/** What was written. */
export type ExportReport = {
  path: string;
  bytes: number;
  /** Samples of one call of the file. */
  batch: 'any' | number;
  /** Why the number of samples is fixed although any was asked for. */
  reason?: string;
  /** Shapes; 'batch' is the dynamic size. */
  inputs: Record<string, readonly (number | string)[]>;
  metadata: Record<string, string>;
};

export const ONNX_FORMAT = 'cosim-onnx-1';

const LIMIT = 2 ** 31 - 2 ** 24; // bytes of a protocol buffer, less room for the graph

const libraryVersion = (): string => {
  const { version } = JSON.parse(readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  return `cosim ${version}`;
};

/** What every file says: how samples lie in memory and how images become bytes. */
const common = ({ config, sampleShape, classes }: Denoiser): Record<string, string> => {
  const images = sampleShape.length === 3 && [1, 3].includes(sampleShape[2]);
  return {
    format: ONNX_FORMAT,
    library: libraryVersion(),
    config: JSON.stringify(config),
    sampleShape: JSON.stringify(sampleShape),
    layout: sampleShape.length === 3 ? 'NHWC' : 'ND',
    classes: String(classes),
    ...(images ? { range: '[-1, 1], not clipped', pixels: 'uint8 = clip(round((x + 1) * 127.5), 0, 255)' } : {}),
  };
};

const weightsOf = async (parameters: Tensors): Promise<Record<string, HostArray>> => {
  const entries = Object.entries(parameters).map(async ([name, t]): Promise<[string, HostArray]> => [
    name,
    { shape: t.shape, data: (await t.data()) as Float32Array },
  ]);
  return Object.fromEntries(await Promise.all(entries));
};

const writeOnnx = async (
  path: string,
  { denoiser, parameters }: Model,
  { f, inputs, metadata: own }: ExportedFunction,
  { batch, metadata: further = {}, ...rest }: Omit<ExportOptions, 'times'>,
): Promise<ExportReport> => {
  expectKeys('exportOnnx', rest, ['times', 'batch', 'metadata']);
  if (batch !== undefined) expectInteger('exportOnnx', 'batch', batch, { min: 1 });
  for (const [name, text] of Object.entries(further))
    if (typeof text !== 'string') fail('exportOnnx', `metadata.${name}`, 'a text', text);
  const size = 4 * parameterCount(denoiser.parameters);
  if (size > LIMIT)
    fail('exportOnnx', 'parameters', 'less than 2 GB (the limit of an ONNX file)', `${(size / 1e9).toFixed(1)} GB`);
  const weights = await weightsOf(matchParameters('exportOnnx', denoiser.parameters, parameters));
  const { model, ...made } = exportModel({ f, inputs, weights }, { batch });
  const metadata = { ...further, ...common(denoiser), ...own, batch: String(made.batch) };
  const bytes = encodeOnnx({ ...model, metadata });
  await writeFileAtomic(path, bytes);
  const shapes = model.inputs.map(({ name, shape }) => [name, shape] as const);
  return { path, bytes: bytes.length, ...made, inputs: Object.fromEntries(shapes), metadata };
};

/**
 * Writes a model as one ONNX file, atomically: standard operators of opset 18 only, float32, weights inside. Without `times`
 * the generator G(x, sigma): inputs `x` [batch, ...sampleShape], `sigma` [batch], output `xHat` [batch, ...sampleShape].
 * With K `times` all of Algorithm 1: input `noise` [K, batch, ...sampleShape], standard normal, output `samples`
 * [batch, ...sampleShape]. Conditional models also take `labels` [batch, classes], one-hot. Images lie as [H, W, C], in
 * [-1, 1]. The file's metadata says all of this; a generator's file also tells the model's own sampling times, as
 * `loadModel` gives them.
 * @throws ArgumentError for parameters that do not fit, times that do not decrease, an auxiliary, or weights beyond 2 GB;
 * TraceError for a network with operations that cannot be exported; Node's error if the file cannot be written.
 * @example
 * await exportOnnx('four-steps.onnx', await loadModel('runs/first'), { times: [80, 16.78, 2.24, 0.131] });
 */
export const exportOnnx = async (
  path: string,
  model: Model & { times?: SamplingTimes },
  { times, ...options }: ExportOptions = {},
): Promise<ExportReport> => {
  const { denoiser } = model;
  const exported = times
    ? samplerFunction('exportOnnx', denoiser, times)
    : generatorFunction('exportOnnx', denoiser, model.times);
  return writeOnnx(path, model, exported, options);
};
