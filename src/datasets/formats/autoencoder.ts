/* Between images and the latents that networks are trained on. Axis letters: n samples, H W h w sizes, C c channels. */
import type { Samples } from '../../compute/host-arrays';
import { fail } from '../../compute/check';

/** Images to latents and back. Images lie in [-1, 1]; latents have mean 0 and deviation 0.5 (sigma_data) a channel. */
export type Autoencoder = {
  name: string;
  /** What its numbers depend on: hashes of files. */
  identity: Readonly<Record<string, string>>;
  /** Image pixels a side of one latent pixel. */
  factor: number;
  /** Channels of the latents. */
  channels: number;
  /** Images [n, H, W, C] to latents [n, H / factor, W / factor, channels]; absent where nothing encodes. */
  encode?: (images: Samples) => Promise<Samples>;
  /** Latents [n, h, w, channels] to images [n, h factor, w factor, C], clipped to [-1, 1]. */
  decode: (latents: Samples) => Promise<Samples>;
  close: () => Promise<void>;
};

/** What an autoencoder is made of: functions in their own units. */
export type RawAutoencoder = Omit<Autoencoder, 'channels'>;

/** The units of a raw autoencoder. */
export type AutoencoderUnits = {
  /** Of each channel of its latents. */
  mean: readonly number[];
  /** Of each channel of its latents. */
  deviation: readonly number[];
  /** Range of values of its images. */
  range: ImageRange;
};

/** The ranges of values in which autoencoders speak of images. */
export const IMAGE_RANGES = ['[-1, 1]', '[0, 1]'] as const;
/** The range of values in which an autoencoder speaks of images. */
export type ImageRange = (typeof IMAGE_RANGES)[number];

const FINAL_STD = 0.5; // sigma_data

const mapped = ({ data, ...rest }: Samples, f: (value: number, i: number) => number): Samples => ({
  ...rest,
  data: data.map(f),
});

/** The means where an encoder gives more than them: the first channels of each pixel. */
const firstChannels = (rows: Samples, channels: number): Samples => {
  const [h, w, found] = rows.shape;
  if (found < channels) fail('encode', 'latents', `of ${channels} channels`, found);
  if (found === channels) return rows;
  const data = new Float32Array(rows.n * h * w * channels);
  for (let i = 0; i < rows.n * h * w; i++) data.set(rows.data.subarray(i * found, i * found + channels), i * channels);
  return { data, n: rows.n, shape: [h, w, channels] };
};

/** Checks that samples are [n, h, w, channels]. */
const expectChannels = (where: string, { data, n, shape }: Samples, channels: number): void => {
  if (shape.length !== 3 || shape[2] !== channels) fail(where, 'latents', `of shape [h, w, ${channels}]`, shape);
  const size = shape.reduce((product, d) => product * d, n);
  if (data.length !== size)
    fail(where, 'latents', `${size} numbers for shape [${n}, ${shape.join(', ')}]`, data.length);
};

/** An autoencoder in common units, from one in its own. */
export const autoencoderOf = (
  { encode, decode, ...rest }: RawAutoencoder,
  { mean, deviation, range }: AutoencoderUnits,
): Autoencoder => {
  const channels = mean.length;
  const [scale, shift] = range === '[0, 1]' ? [2, -1] : [1, 0]; // own image units to [-1, 1]
  return {
    ...rest,
    channels,
    encode:
      encode &&
      (async images => {
        const raw = firstChannels(await encode(mapped(images, v => (v - shift) / scale)), channels);
        return mapped(raw, (v, i) => ((v - mean[i % channels]) * FINAL_STD) / deviation[i % channels]);
      }),
    decode: async latents => {
      expectChannels('decode', latents, channels);
      const raw = mapped(latents, (v, i) => (v / FINAL_STD) * deviation[i % channels] + mean[i % channels]);
      return mapped(await decode(raw), v => Math.max(-1, Math.min(1, v * scale + shift)));
    },
  };
};
