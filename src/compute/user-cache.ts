/* Where what is made once for all projects of a user lies: compiled programs, plugins. */
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

/**
 * The folder `COSIM_CACHE` names, else `cosim` in the user's cache (`XDG_CACHE_HOME` where it is an absolute path, else
 * `~/.cache`), and below it `parts`. Empty is as good as not set.
 */
export const userCache = (...parts: string[]): string => {
  const { COSIM_CACHE, XDG_CACHE_HOME } = process.env;
  const base = isAbsolute(XDG_CACHE_HOME ?? '') ? XDG_CACHE_HOME! : join(homedir(), '.cache');
  return join(COSIM_CACHE ? resolve(COSIM_CACHE) : join(base, 'cosim'), ...parts);
};
