/* The real images that `cosim eval` compares with, and the network that looks at them. */
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { dataCache, type Dataset, openDataset, openOtherSplit, resized, type Split, splits } from '../datasets';
import { expectGivenData } from './given-paths';
import { count } from './options';

export type RealOptions = {
  data?: string;
  split?: Split;
  resolution?: number;
  features?: string;
  nReference?: number;
  cache: string;
  saveEvery: number;
};

/** Adds the options that say what the real images are and how they are looked at. */
export const withRealOptions = (command: Command): Command =>
  command
    .option('--data <name>', 'real images: the name of a data set, a folder of images, or a file')
    .addOption(new Option('--split <name>', 'the part of them that is the reference (default: train)').choices(splits))
    .option('--resolution <side>', 'make them smaller, to this side: means of pixels', count)
    .option('--features <name>', 'feature network: inception, dinov2, mobilenet, digits, or an .onnx file')
    .option('--n-reference <n>', 'images of the reference (default: all, 10,000 of drawn data)', count)
    .option(
      '--cache <folder>',
      'where finished features stay, so that the same command goes on',
      join(dataCache(), 'eval'),
    )
    .option('--save-every <n>', 'images between two savings: what an interruption loses', count, 500);

const smaller = (dataset: Dataset, resolution?: number): Dataset =>
  resolution === undefined || resolution === dataset.sampleShape[0] ? dataset : resized(dataset, resolution, 'box');

/** Runs `use` with the reference's data set and, for floors, the other part of the same data. */
export const withRealImages = async <T>(
  options: RealOptions & { data: string },
  use: (reference: Dataset, other?: Dataset) => Promise<T>,
): Promise<T> => {
  const { data, resolution, split = 'train' } = options;
  expectGivenData('--data', data);
  const reference = smaller(await openDataset(data, { split }), resolution);
  try {
    const other = await openOtherSplit(data, reference);
    try {
      return await use(reference, other && smaller(other, resolution));
    } finally {
      await other?.close?.();
    }
  } finally {
    await reference.close?.();
  }
};
