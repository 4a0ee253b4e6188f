import { join, resolve } from 'node:path';

/** Where fetched data sets lie: the folder COSIM_CACHE names, or data/cache of the project. */
export const dataCache = (): string => resolve(process.env.COSIM_CACHE ?? join(__dirname, '..', '..', 'data', 'cache'));
