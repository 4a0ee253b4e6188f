/* Files, folders and names that the command line gives: looked at before any work, and refused by the argument's name. */
import { existsSync, statSync } from 'node:fs';
import { expectWritableFile } from '../checkpoints';
import { ArgumentError, unknownName } from '../compute/check';
import { DATASET_NAMES } from '../datasets';
import { modelFile } from '../models';

/**
 * Refuses a path that is no file to read.
 * @throws ArgumentError naming `name`, such as --from or <in>, and the path
 */
export const expectGivenFile = (name: string, path: string): void => {
  if (!existsSync(path)) throw new ArgumentError(`${name}: there is no file '${path}'`);
  if (statSync(path).isDirectory()) throw new ArgumentError(`${name} must be a file, got the folder '${path}'`);
};

/**
 * Refuses a path that is no folder.
 * @throws ArgumentError naming `name` and the path
 */
export const expectGivenFolder = (name: string, path: string): void => {
  if (!existsSync(path)) throw new ArgumentError(`${name}: there is no folder '${path}'`);
  if (!statSync(path).isDirectory()) throw new ArgumentError(`${name} must be a folder, got the file '${path}'`);
};

/**
 * Refuses, before any work, a file that cannot be written, or that is there and `force` was not given.
 * @throws ArgumentError naming `name` and the path
 */
export const expectReplaceable = async (name: string, path: string, { force }: { force?: boolean }): Promise<void> => {
  await expectWritableFile(name, path);
  if (existsSync(path) && force !== true)
    throw new ArgumentError(`${name}: ${path} is there already; --force replaces it`);
};

/** Whether a text can only be meant as a path. */
const isPath = (text: string): boolean => text === '' || /[\\/.]/.test(text);

/**
 * Refuses a text that is neither the name of a data set nor a path of something that is there.
 * @throws ArgumentError naming `name`, with the nearest name
 */
export const expectGivenData = (name: string, data: string): void => {
  if (existsSync(data) || DATASET_NAMES.some(known => known === data)) return;
  if (isPath(data)) throw new ArgumentError(`${name}: there is no file or folder '${data}'`);
  throw unknownName(name, 'data set, and no file,', data, DATASET_NAMES);
};

/**
 * What `work` gives; where it refuses an argument, it is said by the argument's name in the place of the function's.
 * @throws as `work`, ArgumentError with `name` before it
 */
export const asArgument = async <T>(name: string, work: () => T | Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    throw new ArgumentError(`${name}: ${error.message.replace(/^[a-z]\w*: /, '')}`);
  }
};

/**
 * Refuses a text that is neither a shipped model nor a file nor a folder with a run.
 * @throws ArgumentError naming `name`, with the nearest name; CheckpointError for a folder without a run's checkpoint
 */
export const expectGivenModel = async (name: string, model: string): Promise<void> => {
  await asArgument(name, () => modelFile(model));
};
