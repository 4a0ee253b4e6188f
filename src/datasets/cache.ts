import { accessSync, constants } from 'node:fs';
import { join, resolve } from 'node:path';
import { userCache } from '../compute/user-cache';

const isWritable = (folder: string): boolean => {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
};

/**
 * Where fetched data sets lie: the folder COSIM_CACHE names; data/cache of a checkout; the user's cache (`~/.cache/cosim`)
 * where this is an installed package, which is thrown away with node_modules, or a checkout that cannot be written.
 */
export const dataCache = (root = join(__dirname, '..', '..')): string => {
  const { COSIM_CACHE } = process.env;
  if (COSIM_CACHE) return resolve(COSIM_CACHE);
  const data = join(root, 'data');
  return /[\\/]node_modules[\\/]/.test(root) || !isWritable(data) ? userCache() : join(data, 'cache');
};
