/* A sign of life that other containers on the machine can see: a socket in the file system, which the system closes with its process. */
import { rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { relative } from 'node:path';
import { hasCode } from './io-error';

/** Listens at `path` until it is closed or the process ends; undefined where the file system or the path's length does not allow it. */
export const lifeline = (path: string): Promise<{ path: string; close: () => Promise<void> } | undefined> => {
  if (process.platform !== 'linux' || Buffer.byteLength(path) > 100) return Promise.resolve(undefined); // 107 fit into the kernel's address
  return new Promise(resolve => {
    const server = createServer(caller => caller.destroy());
    server.once('error', () => {
      resolve(undefined);
    });
    server.listen(path, () => {
      server.unref();
      const close = async (): Promise<void> => {
        await new Promise(closed => server.close(closed));
        await rm(path, { force: true });
      };
      resolve({ path, close });
    });
  });
};

const LONGEST = 107; // bytes of a path in the kernel's address; longer ones are cut off

/** Whether a process listens at `path`; undefined where that cannot be told, as of a path that is too long or may not be looked at. */
export const isListening = (path: string): Promise<boolean | undefined> => {
  const short = [path, relative(process.cwd(), path)].find(one => Buffer.byteLength(one) <= LONGEST);
  if (short === undefined) return Promise.resolve(undefined);
  return new Promise(resolve => {
    const caller = connect(short);
    const end = (listening: boolean | undefined): void => {
      caller.destroy();
      resolve(listening);
    };
    caller.once('connect', () => {
      end(true);
    });
    caller.once('error', error => {
      end(hasCode(error, 'ECONNREFUSED', 'ENOENT') ? false : undefined);
    });
  });
};
