/* A Redis of a test's own: on a free port, with a folder and an append-only file of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
};

const answers = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const socket = connect(port, '127.0.0.1');
    const end = (value: boolean): void => {
      socket.destroy();
      resolve(value);
    };
    socket.on('error', () => end(false));
    socket.on('data', data => end(/^(\+PONG|-NOAUTH)/.test(data.toString())));
    socket.on('connect', () => socket.write('PING\r\n'));
  });

export type RedisServer = {
  url: string;
  /** Where its append-only file lies. */
  dir: string;
  /** Ends it as a machine that fails does, and starts it again from its file. */
  restart: (away?: number) => Promise<void>;
  close: () => Promise<void>;
};

/**
 * Starts Debian's redis-server; an address after the first may be there later.
 * @param more options of redis-server
 */
export const startRedis = async (
  addresses: readonly string[] = ['127.0.0.1'],
  more: readonly string[] = [],
): Promise<RedisServer> => {
  const dir = mkdtempSync(join(tmpdir(), 'cosim-'));
  const removeDir = (): void => rmSync(dir, { recursive: true, force: true });
  const port = await freePort();
  const options = ['--port', String(port), '--bind', ...addresses.map((one, i) => (i === 0 ? one : `-${one}`)), '--protected-mode', 'no', '--dir', dir, '--appendonly', 'yes', '--appendfsync', 'always', '--save', '', ...more]; // prettier-ignore
  let server: ChildProcess;
  const start = async (): Promise<void> => {
    server = spawn('redis-server', options, { stdio: 'ignore' });
    const failed = once(server, 'error').then(([error]) => Promise.reject(error as Error));
    const ready = async (): Promise<void> => {
      while (!(await answers(port))) await pause(20);
    };
    await Promise.race([ready(), failed]);
  };
  const kill = async (): Promise<void> => {
    const gone = once(server, 'exit');
    server.kill('SIGKILL');
    await gone;
  };
  await start().catch((error: unknown) => {
    removeDir();
    throw error;
  });
  return {
    url: `redis://127.0.0.1:${port}`,
    dir,
    restart: async (away = 0) => {
      await kill();
      await pause(away);
      await start();
    },
    close: async () => {
      await kill();
      removeDir();
    },
  };
};
