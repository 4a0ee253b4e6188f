/* What is done to images before a feature network sees them, as a declaration. Axis letters: n images, h w, c channels. */
import type { Images } from '../compute/host-arrays';
import { expectInteger, expectKeys, expectOneOf, expectRecord, fail } from '../compute/check';
// by file: worker threads load this, and the room's index brings decoders
import { roundHalfEven } from '../datasets/pictures/centre-crop';
import { resize, type ResizeKernel } from '../datasets/pictures/resize';
import { resizeTensorflow1 } from '../datasets/pictures/resize-tensorflow';

/** The kernels by which images are resized for feature networks. */
export const FEATURE_KERNELS = ['pil-box', 'pil-bilinear', 'pil-bicubic', 'pil-lanczos', 'tf1-bilinear'] as const;
/** What pixels are weighted by when an image is resized for a feature network. */
export type FeatureKernel = (typeof FEATURE_KERNELS)[number];

/** Every step between an image's bytes and a network's input; feature vectors compare only where all of it is the same. */
export type Preprocessing = {
  resize:
    | { kernel: 'none' }
    | {
        /** `pil-*` as Pillow, with antialias, to bytes; `tf1-bilinear` as TensorFlow 1, to fractions. */
        kernel: FeatureKernel;
        /** Pixels. */
        size: number;
        /** Both: square, whatever the image's shape (default); shorter: the other side follows. */
        sides?: 'both' | 'shorter';
      };
  /** Pixels: the middle square of the resized image. */
  crop?: number;
  /** What the network is given: bytes as they are, or numbers of a range, or standardised by channel. */
  values: 'bytes' | { range: readonly [number, number] } | { mean: readonly number[]; std: readonly number[] };
  layout: 'NCHW' | 'NHWC';
  dtype: 'uint8' | 'float32';
  /** Grey images are repeated for RGB and BGR. */
  channels: 'RGB' | 'BGR' | 'grey';
};
// `values` of a byte b: b itself; lo + b / 255 (hi - lo); (b / 255 - mean) / std, a number each for red, green and blue.

const channelCount = ({ channels }: Preprocessing): number => (channels === 'grey' ? 1 : 3);

const expectNumbers = (where: string, name: string, value: unknown, count: number): void => {
  const ok = Array.isArray(value) && value.length === count && value.every(x => Number.isFinite(x));
  if (!ok) fail(where, name, `${count} finite numbers`, value);
};

const expectResize = (where: string, resize: Preprocessing['resize']): void => {
  expectRecord(where, 'resize', resize);
  expectOneOf(where, 'resize.kernel', resize.kernel, ['none', ...FEATURE_KERNELS]);
  if (resize.kernel === 'none') return expectKeys(`${where}: resize none`, resize, ['kernel']);
  expectKeys(`${where}: resize`, resize, ['kernel', 'size', 'sides']);
  expectInteger(where, 'resize.size', resize.size, { min: 1, max: 8192 });
  if (resize.sides !== undefined) expectOneOf(where, 'resize.sides', resize.sides, ['both', 'shorter']);
};

const expectValues = (where: string, preprocessing: Preprocessing): void => {
  const { values, dtype, resize } = preprocessing;
  if (dtype === 'uint8' && values !== 'bytes') fail(where, 'values', "'bytes' for dtype uint8", values);
  if (dtype === 'uint8' && resize.kernel === 'tf1-bilinear')
    fail(where, 'dtype', 'float32 after tf1-bilinear, which leaves fractions', dtype);
  if (values === 'bytes') return;
  expectRecord(where, 'values', values);
  if ('range' in values) {
    expectKeys(`${where}: values`, values, ['range']);
    expectNumbers(where, 'values.range', values.range, 2);
    return;
  }
  expectKeys(`${where}: values`, values, ['mean', 'std']);
  expectNumbers(where, 'values.mean', values.mean, channelCount(preprocessing));
  expectNumbers(where, 'values.std', values.std, channelCount(preprocessing));
  if (!values.std.every(std => std > 0)) fail(where, 'values.std', 'above 0', values.std);
};

/** Checks a declaration, which may come from a file. @throws ArgumentError naming what is wrong */
export const expectPreprocessing = (where: string, preprocessing: Preprocessing): void => {
  expectRecord(where, 'preprocessing', preprocessing);
  expectKeys(where, preprocessing, ['resize', 'crop', 'values', 'layout', 'dtype', 'channels']);
  expectResize(where, preprocessing.resize);
  const { crop, resize } = preprocessing;
  if (crop !== undefined) expectInteger(where, 'crop', crop, { min: 1, max: 'size' in resize ? resize.size : 8192 });
  expectOneOf(where, 'layout', preprocessing.layout, ['NCHW', 'NHWC']);
  expectOneOf(where, 'dtype', preprocessing.dtype, ['uint8', 'float32']);
  expectOneOf(where, 'channels', preprocessing.channels, ['RGB', 'BGR', 'grey']);
  expectValues(where, preprocessing);
};

const valuesText = (values: Preprocessing['values']): string => {
  if (values === 'bytes') return 'bytes';
  if ('range' in values) return `range [${values.range.join(', ')}]`;
  return `mean [${values.mean.join(', ')}] std [${values.std.join(', ')}]`;
};

/** The declaration in one line; the same line means the same input. */
export const preprocessingText = ({ resize, crop, values, layout, dtype, channels }: Preprocessing): string =>
  [
    resize.kernel === 'none'
      ? 'no resize'
      : `${resize.kernel} ${resize.sides === 'shorter' ? `shorter side ${resize.size}` : `${resize.size}x${resize.size}`}`,
    ...(crop === undefined ? [] : [`crop ${crop}x${crop}`]),
    valuesText(values),
    `${dtype} ${layout} ${channels}`,
  ].join(', ');

type Size = { h: number; w: number };

/** Height and width of images after the resize, before the crop. */
export const resizedSize = ({ resize }: Preprocessing, { h, w }: Size): Size => {
  if (resize.kernel === 'none') return { h, w };
  const { size, sides } = resize;
  if (sides !== 'shorter') return { h: size, w: size };
  const follow = (other: number): number => Math.trunc((size * other) / Math.min(h, w));
  return h <= w ? { h: size, w: follow(w) } : { h: follow(h), w: size };
};

/** Height and width of the network's input for images of a size. */
export const inputSize = (preprocessing: Preprocessing, images: Size): Size =>
  preprocessing.crop === undefined
    ? resizedSize(preprocessing, images)
    : { h: preprocessing.crop, w: preprocessing.crop };

/** Shape of the network's input for n images of h x w pixels. */
export const inputShape = (preprocessing: Preprocessing, n: number, images: Size): number[] => {
  const [{ h, w }, c] = [inputSize(preprocessing, images), channelCount(preprocessing)];
  return preprocessing.layout === 'NCHW' ? [n, c, h, w] : [n, h, w, c];
};

const resized = (images: Images, preprocessing: Preprocessing): Images | Images<Float32Array> => {
  const { kernel } = preprocessing.resize;
  if (kernel === 'none') return images;
  const { h, w } = resizedSize(preprocessing, images);
  if (kernel === 'tf1-bilinear') return resizeTensorflow1(images, { height: h, width: w });
  return resize(images, { height: h, width: w, kernel: kernel.slice('pil-'.length) as ResizeKernel });
};

/** value = slope b + offset, for a channel. */
export const lineOf = (values: Preprocessing['values'], channel: number): { slope: number; offset: number } => {
  if (values === 'bytes') return { slope: 1, offset: 0 };
  if ('range' in values) return { slope: (values.range[1] - values.range[0]) / 255, offset: values.range[0] };
  const std = values.std[channel];
  return { slope: 1 / (255 * std), offset: -values.mean[channel] / std };
};

/**
 * The network's input made of images: resized, cropped, in the network's units and layout. Every image is treated alone.
 * @throws ArgumentError for colour images where a network wants grey ones, and images smaller than the crop
 */
export const preprocess = (images: Images, preprocessing: Preprocessing): Uint8Array | Float32Array => {
  const { crop, values, layout, dtype, channels } = preprocessing;
  if (channels === 'grey' && images.c !== 1) fail('preprocess', 'images.c', '1 for a network of grey images', images.c);
  const from = resized(images, preprocessing);
  const { h, w } = inputSize(preprocessing, images);
  if (crop !== undefined && Math.min(from.h, from.w) < crop)
    fail('preprocess', 'images', `at least ${crop} pixels a side, the crop`, [from.h, from.w]);
  const [top, left] = [roundHalfEven((from.h - h) / 2), roundHalfEven((from.w - w) / 2)];
  const c = channelCount(preprocessing);
  const size = h * w;
  const result = dtype === 'uint8' ? new Uint8Array(images.n * c * size) : new Float32Array(images.n * c * size);
  const step = layout === 'NCHW' ? 1 : c; // from pixel to pixel of the result
  for (let image = 0; image < images.n; image++)
    for (let channel = 0; channel < c; channel++) {
      const colour = channels === 'BGR' ? 2 - channel : channel;
      const { slope, offset } = lineOf(values, colour);
      const source = images.c === 1 ? 0 : colour;
      let out = image * c * size + (layout === 'NCHW' ? channel * size : channel);
      for (let y = 0; y < h; y++) {
        let at = ((image * from.h + top + y) * from.w + left) * images.c + source;
        for (let x = 0; x < w; x++, at += images.c, out += step) result[out] = slope * from.data[at] + offset;
      }
    }
  return result;
};
