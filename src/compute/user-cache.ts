/* Where what is made once for all projects of a user lies: compiled programs, plugins. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** The folder `COSIM_CACHE` names, else `cosim` in the user's cache (`XDG_CACHE_HOME`, else `~/.cache`), and below it `parts`. */
export const userCache = (...parts: string[]): string => {
  const { COSIM_CACHE, XDG_CACHE_HOME } = process.env;
  return join(resolve(COSIM_CACHE ?? join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cosim')), ...parts);
};
