import { shapeSize } from '../../compute/host-arrays';
import { expectInteger, fail, withDefaults } from '../../compute/check';
import { type Dataset, expectIndices, networkUnits } from '../dataset';
import type { Autoencoder } from './autoencoder';

/**
 * Latents of a data set of images, [H / factor, W / factor, channels], encoded when they are first asked for. The `keep`
 * latents asked for last stay in memory; sample i is always the same. `close` closes data set and autoencoder.
 * @throws ArgumentError for an autoencoder that cannot encode and images whose sides its factor does not divide
 */
export const encoded = (dataset: Dataset, autoencoder: Autoencoder, options: { keep?: number } = {}): Dataset => {
  const where = 'encoded';
  const { keep } = withDefaults(where, options, { keep: 65_536 });
  expectInteger(where, 'keep', keep);
  const { encode, factor, channels } = autoencoder;
  if (!encode) return fail(where, `'${autoencoder.name}'`, 'an autoencoder with an encoder', 'a decoder alone');
  const [H, W, C] = dataset.sampleShape;
  if (dataset.sampleShape.length !== 3 || H % factor !== 0 || W % factor !== 0)
    fail(where, `samples of '${dataset.name}'`, `images with sides that ${factor} divides`, dataset.sampleShape);
  const sampleShape = [H / factor, W / factor, channels];
  const size = shapeSize(sampleShape);
  const known = new Map<number, { latent: Float32Array; label: number | undefined }>();

  /** Encodes what is not in memory yet. */
  const encodeMissing = async (indices: readonly number[]): Promise<void> => {
    const missing = [...new Set(indices)].filter(index => !known.has(index));
    if (missing.length === 0) return;
    const { x, labels } = await dataset.batch(missing);
    const { data, shape } = await encode({ data: networkUnits(x), n: missing.length, shape: [H, W, C] });
    if (shape.join() !== sampleShape.join()) fail(where, 'latents', `of shape [${sampleShape.join(', ')}]`, shape);
    missing.forEach((index, i) =>
      known.set(index, {
        latent: data.slice(i * size, (i + 1) * size),
        label: labels.length > 0 ? labels[i] : undefined,
      }),
    );
  };

  /** The batches one after the other: two that ask for the same sample encode it once. */
  let last: Promise<unknown> = Promise.resolve();
  const batch: Dataset['batch'] = async indices => {
    await encodeMissing(indices);
    const x = new Float32Array(indices.length * size);
    const labels = new Int32Array(dataset.classes > 0 ? indices.length : 0);
    indices.forEach((index, i) => {
      const { latent, label } = known.get(index)!;
      x.set(latent, i * size);
      if (dataset.classes > 0) labels[i] = label!;
      known.delete(index); // to the end of the map: asked for last
      known.set(index, { latent, label });
    });
    for (const index of known.keys()) {
      if (known.size <= keep) break;
      known.delete(index);
    }
    return { x, labels };
  };
  return {
    ...dataset,
    name: `${dataset.name}-latents`,
    sampleShape,
    provenance: { ...dataset.provenance, autoencoder: autoencoder.name, ...autoencoder.identity },
    batch: indices => {
      expectIndices(where, indices, dataset.length);
      const turn = last.then(() => batch(indices));
      last = turn.catch(() => undefined);
      return turn;
    },
    close: async () => {
      await dataset.close?.();
      await autoencoder.close();
    },
  };
};
