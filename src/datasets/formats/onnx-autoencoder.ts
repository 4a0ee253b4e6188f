import { type Samples, shapeSize } from '../../compute/host-arrays';
import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import type * as Ort from 'onnxruntime-node';
import { ArgumentError, expectInteger, expectNumber, expectOneOf, fail, withDefaults } from '../../compute/check';
import { readNetwork } from '../../compute/onnx';
import { runtime, runtimeProblem, SESSION_OPTIONS } from '../../compute/onnx/runtime';
import { type Autoencoder, autoencoderOf, IMAGE_RANGES, type ImageRange } from './autoencoder';
import { RAW_MEAN, RAW_STD } from './latents';

/** The orders of axes that an ONNX file may want. */
export const ONNX_LAYOUTS = ['NCHW', 'NHWC'] as const;

/** What an autoencoder's files do not say. The defaults are Stable Diffusion's as EDM2 uses it. */
export type OnnxAutoencoderOptions = {
  /** Path of the ONNX file from images to latents; default '': none. */
  encoder?: string;
  /** Of the files' images and latents, 'NCHW'. */
  layout?: (typeof ONNX_LAYOUTS)[number];
  /** Of the files' images, '[0, 1]'. */
  range?: ImageRange;
  /** Of each channel of the files' latents. */
  mean?: readonly number[];
  /** Of each channel of the files' latents. */
  deviation?: readonly number[];
  /** Image pixels a side of one latent pixel, 8. */
  factor?: number;
  /** Samples at a time, where the file leaves it open: memory, never results; 8. */
  batch?: number;
};

const WHERE = 'onnxAutoencoder';

const DEFAULTS: Required<OnnxAutoencoderOptions> = {
  encoder: '',
  layout: 'NCHW',
  range: '[0, 1]',
  mean: RAW_MEAN,
  deviation: RAW_STD,
  factor: 8,
  batch: 8,
};

/** Axes 1, 2, 3 of [n, a, b, c] in the order [n, b, c, a] or back. */
const turned = (data: Float32Array, n: number, [a, b, c]: readonly number[], forward: boolean): Float32Array => {
  const result = new Float32Array(data.length);
  for (let i = 0; i < n; i++)
    for (let p = 0; p < b * c; p++)
      for (let k = 0; k < a; k++) {
        const [first, last] = [(i * a + k) * b * c + p, (i * b * c + p) * a + k];
        if (forward) result[last] = data[first];
        else result[first] = data[last];
      }
  return result;
};

/** An open file: one float32 input, the first output is the result. */
type OpenFile = { session: Ort.InferenceSession; sha256: string; fixedBatch?: number };

const openFile = async (what: string, path: string): Promise<OpenFile> => {
  const { bytes, sha256 } = await readNetwork(path, { where: WHERE, name: what });
  let session: Ort.InferenceSession;
  try {
    session = await runtime().InferenceSession.create(bytes, {
      ...SESSION_OPTIONS,
      intraOpNumThreads: availableParallelism(),
      graphOptimizationLevel: 'all',
    });
  } catch (error) {
    return fail(WHERE, what, `an ONNX network (${(error as Error).message.split('\n')[0]})`, path);
  }
  const [input, ...more] = session.inputMetadata;
  const one = more.length === 0 && input.isTensor && input.type === 'float32' && input.shape.length === 4;
  if (!one) {
    await session.release();
    fail(WHERE, `inputs of ${path}`, 'one of float32, rank 4', session.inputNames);
  }
  const [first] = input.isTensor ? input.shape : [];
  const fixedBatch = typeof first === 'number' && first > 0 ? first : undefined;
  return { session, sha256, fixedBatch };
};

/** The file as a function of samples, channels last. */
const functionOf =
  ({ session, fixedBatch }: OpenFile, layout: string, batch: number) =>
  async ({ data, n, shape }: Samples): Promise<Samples> => {
    const size = shapeSize(shape);
    const [h, w, c] = shape;
    const inner = layout === 'NCHW' ? [c, h, w] : shape;
    const parts: Float32Array[] = [];
    let found: readonly number[] = [];
    const most = fixedBatch ?? batch;
    for (let first = 0; first < n; first += most) {
      const count = Math.min(most, n - first);
      const rows = fixedBatch ?? count; // a last short batch is filled up with zeros
      const given = data.subarray(first * size, (first + count) * size);
      const own = new Float32Array(rows * size);
      own.set(layout === 'NCHW' ? turned(given, count, inner, false) : given);
      const results = await session.run({
        [session.inputNames[0]]: new (runtime().Tensor)('float32', own, [rows, ...inner]),
      });
      const result = results[session.outputNames[0]];
      if (result.type !== 'float32' || result.dims.length !== 4)
        fail(WHERE, `output '${session.outputNames[0]}'`, 'float32 of rank 4', [result.type, ...result.dims]);
      const dims = result.dims.slice(1);
      const each = shapeSize(dims);
      const values = (result.data as Float32Array).subarray(0, count * each);
      parts.push(layout === 'NCHW' ? turned(values, count, dims, true) : values.slice());
      found = layout === 'NCHW' ? [dims[1], dims[2], dims[0]] : dims;
    }
    const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return { data: all, n, shape: found };
  };

const check = (options: Required<OnnxAutoencoderOptions>): void => {
  const { layout, range, mean, deviation, factor, batch } = options;
  expectOneOf(WHERE, 'layout', layout, ONNX_LAYOUTS);
  expectOneOf(WHERE, 'range', range, IMAGE_RANGES);
  expectInteger(WHERE, 'factor', factor, { min: 1 });
  expectInteger(WHERE, 'batch', batch, { min: 1 });
  if (mean.length === 0 || mean.length !== deviation.length)
    fail(WHERE, 'deviation', `as many numbers as the mean's ${mean.length}`, deviation);
  mean.forEach((value, i) => expectNumber(WHERE, `mean[${i}]`, value));
  deviation.forEach((value, i) => expectNumber(WHERE, `deviation[${i}]`, value, { above: 0 }));
};

/**
 * An autoencoder in ONNX files: `decoder` from latents to images and, where given, an encoder the other way (of which the
 * means are taken where it gives more channels). By default a file is taken for Stable Diffusion's as EDM2 uses it: latents
 * [n, 4, h, w] with EDM2's means and deviations, images [n, 3, 8 h, 8 w] in [0, 1]. Call `close` when done.
 * @throws ArgumentError where onnxruntime-node is missing, for options out of range and for files that are no such
 * network; Node's error for a missing file
 */
export const onnxAutoencoder = async (decoder: string, options: OnnxAutoencoderOptions = {}): Promise<Autoencoder> => {
  const all = withDefaults(WHERE, options, DEFAULTS);
  check(all);
  const { encoder, layout, batch, factor, ...units } = all;
  const problem = runtimeProblem();
  if (problem !== undefined)
    throw new ArgumentError(`${WHERE}: ONNX files need ONNX Runtime, npm install onnxruntime-node: ${problem}`);
  const decodes = await openFile('decoder', decoder);
  try {
    const encodes = encoder === '' ? undefined : await openFile('encoder', encoder);
    return autoencoderOf(
      {
        name: basename(decoder).replace(/\.onnx$/i, ''),
        identity: { decoder: decodes.sha256, ...(encodes ? { encoder: encodes.sha256 } : {}) },
        factor,
        encode: encodes && functionOf(encodes, layout, batch),
        decode: functionOf(decodes, layout, batch),
        close: async () => {
          await decodes.session.release();
          await encodes?.session.release();
        },
      },
      units,
    );
  } catch (error) {
    await decodes.session.release();
    throw error;
  }
};
