/* A device for tests: XLA's compiler for the CPU, from jaxlib in a Python process. Independent of the project's client. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { sizeOf } from '../../../src/compute/graph/shapes';
import type { Device, DeviceArray, DeviceProgram, HostData } from '../../../src/compute/xla/device';
import type { HloModule } from '../../../src/compute/xla/hlo';
import { moduleText } from '../../../src/compute/xla/print';

const ROOT = join(__dirname, '../../..');

/** Where `scripts/jax-venv.mjs` puts jaxlib. */
export const JAX_PYTHON = join(ROOT, 'node_modules/.cache/cosim/venv-jax/bin/python');

/** Why there is no jaxlib here; undefined where there is. */
export const jaxProblem = (): string | undefined =>
  existsSync(JAX_PYTHON) ? undefined : 'no jaxlib: run `node scripts/jax-venv.mjs` once (300 MB from PyPI)';

type Answer = { header: Record<string, unknown>; data: Buffer };

/** Sends commands, hands out answers in order. */
class Server {
  private readonly child: ChildProcessByStdio<Writable, Readable, null>;
  private readonly waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void }[] = [];
  private chunks = Buffer.alloc(0);
  private header: Record<string, unknown> | undefined;

  constructor(devices: number) {
    const problem = jaxProblem();
    if (problem) throw new Error(problem);
    this.child = spawn(JAX_PYTHON, [join(__dirname, 'jax_server.py'), String(devices)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.child.stdout.on('data', (chunk: Buffer) => {
      this.chunks = Buffer.concat([this.chunks, chunk]);
      this.settle();
    });
    this.child.on('exit', code => {
      for (const { reject } of this.waiting.splice(0)) reject(new Error(`jaxlib ended with code ${code}`));
    });
  }

  private settle(): void {
    for (;;) {
      if (!this.header) {
        const end = this.chunks.indexOf('\n');
        if (end < 0) return;
        this.header = JSON.parse(this.chunks.subarray(0, end).toString()) as Record<string, unknown>;
        this.chunks = this.chunks.subarray(end + 1);
      }
      const size = this.header.bytes as number;
      if (this.chunks.length < size) return;
      const [header, data] = [this.header, this.chunks.subarray(0, size)];
      this.chunks = this.chunks.subarray(size);
      this.header = undefined;
      const { resolve, reject } = this.waiting.shift()!;
      if (header.problem === undefined) resolve({ header, data });
      else reject(new Error(`jaxlib: ${header.problem as string}`));
    }
  }

  next(): Promise<Answer> {
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  send(command: Record<string, unknown>, data: Uint8Array = new Uint8Array(0)): Promise<Answer> {
    this.child.stdin.write(`${JSON.stringify({ ...command, bytes: data.length })}\n`);
    this.child.stdin.write(data);
    return this.next();
  }

  end(): Promise<void> {
    return new Promise(resolve => {
      this.child.once('exit', () => {
        resolve();
      });
      this.child.stdin.end();
    });
  }
}

const bytesOf = (data: HostData): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
const typeOf = (data: HostData): string =>
  data instanceof Float32Array ? 'f32' : data instanceof Int32Array ? 'i32' : data instanceof Uint32Array ? 'ui32' : 'i1';

/** A device of `count` virtual ones; `end` stops the process. */
export type JaxDevice = Device & { version: string; end: () => Promise<void> };

/** @throws Error where jaxlib is not there. */
export const jaxDevice = async (count = 1): Promise<JaxDevice> => {
  const server = new Server(count);
  let made = 0;
  const { header } = await server.next();
  const failed: Error[] = []; // of commands whose answer nobody waits for
  const later = (sent: Promise<unknown>): void => void sent.catch((error: unknown) => failed.push(error as Error));

  const array = (id: number): DeviceArray & { id: number } => ({
    id,
    read: async into => {
      if (failed.length > 0) throw failed[0];
      const { data } = await server.send({ do: 'read', id });
      bytesOf(into).set(data);
      return into;
    },
    readSync: () => {
      throw new Error('the test device has no way to wait');
    },
    destroy: () => {
      later(server.send({ do: 'destroy', id }));
    },
  });

  return {
    name: 'jaxlib CPU',
    count,
    version: header.jax as string,
    compile: async (module: HloModule): Promise<DeviceProgram> => {
      const id = made++;
      await server.send({ do: 'compile', id, replicas: module.replicas }, Buffer.from(moduleText(module)));
      return {
        run: async inputs => {
          if (failed.length > 0) throw failed[0];
          const ids = inputs.map(list => list.map(x => (x as DeviceArray & { id: number }).id));
          const outputs = inputs.map(() => module.results.map(() => made++));
          await server.send({ do: 'run', program: id, inputs: ids, outputs });
          return outputs.map(list => list.map(array));
        },
        dispose: () => {
          later(server.send({ do: 'forget', id }));
        },
      };
    },
    upload: (data, shape, index = 0) => {
      if (sizeOf(shape) !== data.length) throw new Error(`${data.length} numbers are not of shape [${shape}]`);
      const id = made++;
      later(server.send({ do: 'upload', id, shape, type: typeOf(data), device: index }, bytesOf(data).slice()));
      return array(id);
    },
    end: () => server.end(),
  };
};
