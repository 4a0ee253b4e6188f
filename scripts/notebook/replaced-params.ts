// COSIM_PARAMS, JSON text or a file's path, which a notebook's kernel reads in a folder of its own.
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const isPath = (params: string): boolean => params !== '' && !params.trimStart().startsWith('{');

/** The same for a process in another folder. */
export const paramsAnywhere = (params: string): string => (isPath(params) ? resolve(params) : params);

/** The text that it stands for; of a file that is not there its path, which the notebook will refuse. */
export const paramsText = (params: string): string =>
  isPath(params) && existsSync(params) ? readFileSync(params, 'utf8') : params;
