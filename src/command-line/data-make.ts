import { existsSync, statSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { ArgumentError } from '../compute/check';
import {
  CROP_TRANSFORMS,
  type CropTransform,
  type FolderLabels,
  listPictures,
  openDataset,
  packPictures,
  padded,
  picturesOfDataset,
  picturesOfFiles,
  picturesOfZip,
  type PictureSource,
  type Split,
} from '../datasets';
import { expectGivenData, expectReplaceable } from './given-paths';
import { giveResult, type JsonOption, withJson } from './json-output';
import { stoppable } from './stopped';
import { grouped, type Terminal } from './terminal';
import { workingLine } from './working-line';

type Resolution = { width: number; height: number };

type MakeOptions = {
  resolution?: Resolution;
  transform?: CropTransform;
  labels: FolderLabels;
  grey?: boolean;
  split: Split;
  force?: boolean;
} & JsonOption;

/** '64' or '512x384'. */
const resolution = (text: string): Resolution => {
  const [, width, height = width] = /^([1-9]\d{0,4})(?:x([1-9]\d{0,4}))?$/.exec(text) ?? [];
  if (width === undefined) throw new InvalidArgumentError(`must be a size such as 64 or 512x384, got '${text}'`);
  return { width: Number(width), height: Number(height) };
};

/** The pictures, and what they are. */
type Source = { pictures: PictureSource; note?: string };

const isZip = (path: string): boolean => /\.zip$/i.test(path);

/** A folder of pictures is packed as it is, one size or many, and so is a zip file; everything else is a data set. */
const openSource = async (source: string, { labels, grey = false, split }: MakeOptions): Promise<Source> => {
  const rgb = !grey;
  if (existsSync(source) && statSync(source).isDirectory()) {
    const none = await listPictures(source, 'none').then(
      () => undefined,
      (error: Error) => error,
    );
    if (!none) return { pictures: picturesOfFiles(await listPictures(source, labels), { rgb }) };
    const dataset = await openDataset(source, { split }).catch(() => {
      throw none; // no other data set either: what is wrong with the pictures says more
    });
    return fromDataset(dataset);
  }
  if (existsSync(source) && statSync(source).isFile() && isZip(source))
    return { pictures: await picturesOfZip(source, { labels, rgb }) };
  return fromDataset(await openDataset(source, { split }));
};

const fromDataset = (dataset: Awaited<ReturnType<typeof openDataset>>): Source => {
  const [h, w] = dataset.sampleShape;
  const small = h === 28 && w === 28;
  return {
    pictures: picturesOfDataset(small ? padded(dataset, 2) : dataset),
    ...(small && { note: "padded to 32 x 32, as EDM's tool does" }),
  };
};

/** `cosim data make SOURCE DEST`. */
export const dataMakeCommand = (terminal: Terminal): Command =>
  withJson(
    new Command('make')
      .summary("pack pictures into EDM's data-set zip")
      .description(
        "Packs a folder of pictures, or a data set, into the zip file that EDM's and EDM2's training and this package read: " +
          "PNGs named 00000/img00000000.png and so on, classes in dataset.json; crop and resize as in the reference's tool.",
      )
      .argument('<source>', 'folder or zip file of pictures, data set by name or path')
      .argument('<dest>', 'the zip file to write')
      .option('--resolution <size>', 'pixels of the result: 64, or 512x384', resolution)
      .addOption(new Option('--transform <mode>', 'how pictures become that size').choices(CROP_TRANSFORMS.slice(1)))
      .addOption(
        new Option('--labels <mode>', 'classes: of dataset.json if there, required, none; or by sub-folder')
          .choices(['optional', 'required', 'none', 'folders'])
          .default('optional'),
      )
      .addOption(
        new Option('--split <name>', 'of data that have two parts').choices(['train', 'test']).default('train'),
      )
      .option(
        '--grey',
        'of a folder or zip file: keep grey pictures at one channel (default: all become RGB, as in EDM2)',
      )
      .option('--force', 'replace <dest> if it is there'),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ cosim data make cifar10 cifar10-32x32.zip
  $ cosim data make ImageNet/train imagenet-64x64.zip --resolution 64 --transform center-crop-dhariwal --labels folders
  $ cosim data make mnist mnist-32x32.zip --split test`,
    )
    .action(async (from: string, to: string, options: MakeOptions) => {
      if (!isZip(to)) throw new ArgumentError(`<dest> must end with .zip, got '${to}'`);
      if (options.transform && !options.resolution) throw new ArgumentError('--transform needs --resolution');
      await expectReplaceable('<dest>', to, options);
      expectGivenData('<source>', from);
      const { pictures, note } = await openSource(from, options);
      const line = workingLine(terminal);
      try {
        const n = await stoppable('stopped; nothing is left behind', signal =>
          packPictures(pictures, to, {
            ...options.resolution,
            transform: options.transform,
            signal,
            onProgress: (done, total) => line.show({ done, total, unit: 'pictures' }),
          }),
        );
        line.clear();
        const { classes } = pictures;
        const bytes = statSync(to).size;
        const labels = classes > 0 ? `${grouped(classes)} classes` : 'no labels';
        const what = [`${grouped(n)} pictures`, labels, `${grouped(bytes)} bytes`, note].filter(Boolean);
        giveResult(terminal, options, { file: to, n, classes, bytes, note }, () => `${to}: ${what.join(', ')}\n`);
      } finally {
        line.clear();
        await pictures.close?.();
      }
    });
