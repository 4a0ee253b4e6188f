/* The data of the long studies. */
import { cifar10, type Dataset, digits, downsampled, indexRange, mirrored, subset } from '../../src/datasets';
import type { LongStudyName } from '../../src/studies';
import { readCarried } from './carried-data';

/** Drawn digits are endless; a study trains on so many of them. */
const DIGITS = 65_536;

/** Training images as they are stored, and other real images for the floor. */
export type StudyData = { train: Dataset; others: Dataset };

/** @param folder CIFAR-10's binary version; drawn digits need none */
export const studyData = async (study: LongStudyName, folder: string | undefined): Promise<StudyData> => {
  if (study !== 'cifar10') return { train: subset(digits(), indexRange(DIGITS)), others: digits({ split: 'test' }) };
  if (folder === undefined) throw new Error('--data must name the folder of the binary version of CIFAR-10');
  const half = async (split: 'train' | 'test'): Promise<Dataset> => downsampled(await cifar10(folder, { split }), 2);
  return { train: await half('train'), others: await half('test') };
};

/** Names that carried data have. */
const CARRIED: Readonly<Record<LongStudyName, string>> = {
  cifar10: 'cifar10-16',
  digits: 'digits16',
  settings: 'digits16',
};

/** What is trained on: of CIFAR-10 the mirror images too. */
export const trainingData = (study: LongStudyName, train: Dataset): Dataset =>
  study === 'cifar10' ? mirrored(train) : train;

/** Training images that were carried in a folder. */
export const carriedData = (study: LongStudyName, folder: string): Promise<Dataset> =>
  readCarried(folder, CARRIED[study]);
