/* A sign of life that other containers on the machine can see: a socket in the file system, which the system closes with its process. */
import { rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';

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

/** Whether a process listens at `path`. */
export const isListening = (path: string): Promise<boolean> =>
  new Promise(resolve => {
    const caller = connect(path);
    const end = (listening: boolean): void => {
      caller.destroy();
      resolve(listening);
    };
    caller.once('connect', () => {
      end(true);
    });
    caller.once('error', () => {
      end(false);
    });
  });
