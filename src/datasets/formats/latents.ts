import { basename } from 'node:path';
import { parse } from 'npyjs';
import { expectInteger, expectOneOf, withDefaults } from '../../compute/check';
import { normal } from '../../compute/noise';
import { type Dataset, expectIndices } from '../dataset';
import { DatasetError } from '../dataset-error';
import { LABEL_MODES, type LabelMode } from './class-labels';
import { concurrently } from './concurrently';
import { openLabelledZip } from './labelled-zip';

/** Options of `latents`. */
export type LatentsOptions = {
  /** Of dataset.json: used if there, required, or left out. */
  labels?: LabelMode;
  /** Of the noise that the encoder's deviation scales. */
  seed?: number;
  /** Of the images, for the provenance. */
  licence?: string;
};

const CHANNELS = 4;

/** Mean and deviation of the autoencoder's four channels, as assumed by EDM2 (`StabilityVAEEncoder`). */
export const RAW_MEAN = [5.81, 3.25, 0.12, -2.15];
export const RAW_STD = [4.17, 4.62, 3.71, 3.28];
const FINAL_STD = 0.5; // sigma_data

const SCALE = RAW_STD.map(std => FINAL_STD / std);
const BIAS = RAW_MEAN.map((mean, c) => -mean * SCALE[c]);

/** Names of files that are taken for latents. */
export const isNpy = (name: string): boolean => /\.npy$/i.test(name);

/** A stored sample: means [4, H, W], and deviations [4, H, W] where the file has eight channels. */
type Moments = { data: Float32Array; channels: number; h: number; w: number };

const parseMoments = (bytes: Uint8Array, where: string): Moments => {
  const copy = new Uint8Array(bytes); // npyjs takes a buffer of its own
  let array: ReturnType<typeof parse>;
  try {
    array = parse(copy.buffer);
  } catch (error) {
    throw new DatasetError(`${where}: not a whole npy file (${(error as Error).message})`);
  }
  const { data, shape, dtype, fortranOrder } = array;
  const [channels, h, w] = shape;
  if (shape.length !== 3 || (channels !== CHANNELS && channels !== 2 * CHANNELS) || !(h > 0 && w > 0))
    throw new DatasetError(`${where}: [${shape.join(', ')}]; [8, H, W] or [4, H, W] were expected`);
  if (!(data instanceof Float32Array) || dtype !== 'f4' || fortranOrder)
    throw new DatasetError(`${where}: ${dtype}${fortranOrder ? ' in Fortran order' : ''}; f4 in C order was expected`);
  if (data.length !== channels * h * w)
    throw new DatasetError(`${where}: ${data.length} numbers, [${shape.join(', ')}] has ${channels * h * w}`);
  const bad = data.findIndex(value => !Number.isFinite(value));
  if (bad >= 0) throw new DatasetError(`${where}: number ${bad} is ${data[bad]}; finite ones were expected`);
  return { data, channels, h, w };
};

/**
 * EDM2's latents, as for ImageNet-512: a zip file of npy arrays, sorted by name, each with means and deviations [8, H, W]
 * of an encoder (or means alone, [4, H, W]), and classes in `dataset.json`. A sample [H, W, 4] is mean + deviation * noise,
 * brought to mean 0 and deviation 0.5 by EDM2's constants. [C] EDM2 draws fresh noise at every look; here it is a function
 * of seed and index, so that a sample is always the same. Only the directory is in memory. Call `close` when done.
 * @throws DatasetError as `openZip`, for malformed or missing labels, and when the first array is damaged; a batch with a
 * damaged array, or one of another shape, rejects
 */
export const latents = async (path: string, options: LatentsOptions = {}): Promise<Dataset> => {
  const {
    labels: mode,
    seed,
    licence,
  } = withDefaults<Required<LatentsOptions>>('latents', options, {
    labels: 'optional',
    seed: 0,
    licence: 'that of the images',
  });
  expectOneOf('latents', 'labels', mode, LABEL_MODES);
  expectInteger('latents', 'seed', seed);
  const zip = await openLabelledZip(path, { isSample: isNpy, what: 'an npy array', mode });
  try {
    const { channels, h, w } = parseMoments(await zip.read(0), zip.nameOf(0));
    const pixels = h * w;

    /** Sample `index` into x at sample i, channels last. */
    const read = async (index: number, x: Float32Array, i: number): Promise<void> => {
      const { data, ...found } = parseMoments(await zip.read(index), zip.nameOf(index));
      if (found.channels !== channels || found.h !== h || found.w !== w)
        throw new DatasetError(
          `${zip.nameOf(index)} has [${found.channels}, ${found.h}, ${found.w}] where the first has [${channels}, ${h}, ${w}]`,
        );
      const deviations = channels === 2 * CHANNELS ? data.subarray(CHANNELS * pixels) : undefined;
      const noise = deviations && normal({ seed, stream: 'datasets.latents', sample: index }, CHANNELS * pixels);
      for (let c = 0; c < CHANNELS; c++)
        for (let p = 0; p < pixels; p++) {
          const k = c * pixels + p;
          const raw = deviations && noise ? data[k] + deviations[k] * noise[k] : data[k];
          x[(i * pixels + p) * CHANNELS + c] = raw * SCALE[c] + BIAS[c];
        }
    };

    return {
      name: basename(path).replace(/\.zip$/i, ''),
      sampleShape: [h, w, CHANNELS],
      classes: zip.classes,
      length: zip.length,
      provenance: { source: "EDM2's latent zip", ...zip.provenance, seed, licence },
      batch: async indices => {
        expectIndices('latents', indices, zip.length);
        const x = new Float32Array(indices.length * pixels * CHANNELS);
        await concurrently(indices.length, i => read(indices[i], x, i));
        return { x, labels: zip.classes > 0 ? Int32Array.from(indices, i => zip.labels[i]) : new Int32Array(0) };
      },
      close: zip.close,
    };
  } catch (error) {
    await zip.close();
    throw error;
  }
};
