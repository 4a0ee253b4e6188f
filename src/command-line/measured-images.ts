/* The images that `cosim eval` measures: a network's by seed, or stored ones. */
import { basename } from 'node:path';
import { dispose, getBackend } from '@tensorflow/tfjs-core';
import { chooseCompute, type EngineName } from '../compute/engine-choice';
import { openDataset, sha256OfFiles } from '../datasets';
import { datasetImages, drawnImages, type ImageSource } from '../evaluation';
import { loadModel, modelFile, type ReferenceOptions } from '../models';
import { type Model, withEngine } from '../networks';
import { compilingPays } from '../samplers';
import { asArgument, expectGivenData } from './given-paths';
import { referenceOptions } from './network-options';
import { chooseSampler, type ChosenSampler, type SamplerOptions } from './sampler-options';

export type NetworkImages = ReferenceOptions & SamplerOptions & { network: string; batch: number; engine?: EngineName };

/** The networks that are drawn from, and the engine of the sampler: eager where the networks are compiled already. */
type Drawing = { model: Model; guide?: Model; engine: EngineName };

/**
 * Runs `use` with the networks compiled once for all that is drawn in it, where that pays. On an accelerator samplers are
 * compiled as a whole. An engine that is asked for is taken whether it pays or not.
 */
const compiled = async <T>(
  model: Model,
  { guide, calls }: ChosenSampler,
  images: number,
  asked: EngineName,
  use: (drawing: Drawing) => Promise<T>,
): Promise<T> => {
  if (asked === 'auto' && !compilingPays(model.denoiser, calls * images)) return use({ model, guide, engine: 'eager' });
  if ((await chooseCompute(asked)).engine === 'xla') return use({ model, guide, engine: 'xla' });
  return withEngine(asked, model, main =>
    guide
      ? withEngine(asked, guide, guiding => use({ model: main, guide: guiding, engine: 'eager' }))
      : use({ model: main, engine: 'eager' }),
  );
};

/** Runs `use` with the images of a network, of which `images` are going to be drawn. */
export const withNetworkImages = async <T>(
  options: NetworkImages,
  images: number,
  use: (images: ImageSource) => Promise<T>,
): Promise<T> => {
  const { network, batch, engine: asked } = options;
  const loaded = await asArgument('--network', () => loadModel(network, referenceOptions(options)));
  let sampler: ChosenSampler | undefined;
  try {
    const chosen = (sampler = await chooseSampler(loaded, options));
    const given = referenceOptions(options);
    const identity = {
      network: await sha256OfFiles([await modelFile(network)]),
      ...(Object.keys(given).length > 0 && { read: JSON.stringify(given) }),
      ...chosen.identity,
      backend: getBackend(),
      ...(asked !== undefined && asked !== 'auto' && { engine: asked }),
    };
    const { sampleShape: shape, classes } = loaded.denoiser;
    return await compiled(loaded, chosen, images, asked ?? 'auto', ({ model, guide, engine }) =>
      use(
        drawnImages({
          name: basename(network),
          shape,
          classes,
          identity,
          draw: request => chosen.draw({ ...model, ...request, batch, engine }, guide),
        }),
      ),
    );
  } finally {
    dispose([loaded.parameters, sampler?.guide?.parameters ?? []]);
  }
};

/** Runs `use` with stored images, in their order. */
export const withStoredImages = async <T>(path: string, use: (images: ImageSource) => Promise<T>): Promise<T> => {
  expectGivenData('--images', path);
  const dataset = await openDataset(path);
  try {
    return await use(datasetImages(dataset));
  } finally {
    await dataset.close?.();
  }
};
