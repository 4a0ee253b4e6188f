import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import type * as BullMQ from 'bullmq';
import { ArgumentError } from '../compute/check';

/** The queue's name in Redis. */
export const QUEUE = 'cosim';

/**
 * BullMQ: optional, and loaded when a queue is used.
 * @throws ArgumentError that says how to install it
 */
export const bullmq = (): typeof BullMQ => {
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- optional and synchronous: absence is normal
    return require('bullmq') as typeof BullMQ;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    throw new ArgumentError('queue: needs the optional packages bullmq and ioredis: npm install bullmq ioredis');
  }
};

/** How a server is reached, in the words of both packages. */
export type Connection = {
  host: string;
  port: number;
  username?: string;
  password?: string;
  db?: number;
  tls?: object;
  maxRetriesPerRequest: null;
  retryStrategy: (times: number) => number;
};

/**
 * How Redis is reached, out of 'redis://user:password@host:6379/0' or 'rediss://...' (TLS; authorities besides the known
 * ones are those of NODE_EXTRA_CA_CERTS). A server that went away is waited for, however long.
 * @throws ArgumentError for another address, which it shows without its password
 */
export const connectionTo = (address: string): Connection => {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const isRead =
    url !== undefined &&
    ['redis:', 'rediss:'].includes(url.protocol) &&
    url.hostname !== '' &&
    /^\/?\d*$/.test(url.pathname) &&
    url.search + url.hash === '';
  if (!isRead)
    throw new ArgumentError(`queue: must be an address like redis://host:6379, got '${shownAddress(address)}'; with a password rediss://user:password@host:6380, where signs such as @ : / ? # % in it are written as %40`); // prettier-ignore
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || 6379),
    ...(url.username && { username: decoded(url.username, 'user') }),
    ...(url.password && { password: decoded(url.password, 'password') }),
    ...(url.pathname.length > 1 && { db: Number(url.pathname.slice(1)) }),
    ...(url.protocol === 'rediss:' && { tls: {} }),
    maxRetriesPerRequest: null,
    retryStrategy: (times: number) => Math.min(200 * times, 2000),
  };
};

/** A part of an address without its percent signs. */
const decoded = (part: string, what: 'user' | 'password'): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new ArgumentError(`queue: the ${what} in the address has a % that stands for no sign; write %25 for it`);
  }
};

/** An address without user and password. */
export const shownAddress = (address: string): string => address.replace(/^(\w+:\/\/)?.*@/s, '$1***@');

/** This machine and process, as jobs name it. */
export const workerName = (): string => `${hostname()}:${process.pid}`;

/** The id of a job: what is the same has the same, and is computed once. */
export const jobId = (...parts: readonly string[]): string =>
  createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 32);
