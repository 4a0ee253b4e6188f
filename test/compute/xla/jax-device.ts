/*
 * A device for tests: XLA's compiler for the CPU, from jaxlib in a Python process. Independent of the project's client.
 * Every command waits for its answer in this thread.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sizeOf } from '../../../src/compute/graph/shapes';
import type { Device, DeviceArray, HostData } from '../../../src/compute/xla/device';
import { moduleText } from '../../../src/compute/xla/print';

/** Where `scripts/jax-venv.mjs` puts jaxlib. */
const PYTHON = join(__dirname, '../../../node_modules/.cache/cosim/venv-jax/bin/python');

type Answer = { header: Record<string, unknown>; data: Uint8Array };

/** The Python process behind two pipes. */
class Server {
  private readonly folder = mkdtempSync(join(tmpdir(), 'cosim-jax-'));
  private readonly child: ChildProcess;
  private readonly commands: number;
  private readonly answers: number;

  constructor(devices: number) {
    if (!existsSync(PYTHON)) throw new Error('these tests need jaxlib: run `node scripts/jax-venv.mjs` once');
    const [commands, answers] = ['commands', 'answers'].map(name => join(this.folder, name));
    execFileSync('mkfifo', [commands, answers]);
    const script = join(__dirname, 'jax_server.py');
    this.child = spawn(PYTHON, [script, String(devices), commands, answers], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    this.commands = openSync(commands, 'w');
    this.answers = openSync(answers, 'r');
  }

  private bytes(count: number): Buffer {
    const into = Buffer.alloc(count);
    for (let at = 0; at < count;) {
      const got = readSync(this.answers, into, at, count - at, null);
      if (got === 0) throw new Error('the jaxlib process ended');
      at += got;
    }
    return into;
  }

  answer(): Answer {
    let line = '';
    for (let c = this.bytes(1).toString(); c !== '\n'; c = this.bytes(1).toString()) line += c;
    const header = JSON.parse(line) as Record<string, unknown>;
    const data = this.bytes(header.bytes as number);
    if (header.problem !== undefined) throw new Error(`jaxlib: ${header.problem as string}`);
    return { header, data };
  }

  do(command: Record<string, unknown>, data: Uint8Array = new Uint8Array(0)): Answer {
    const line = Buffer.from(`${JSON.stringify({ ...command, bytes: data.length })}\n`);
    for (const part of [line, data]) for (let at = 0; at < part.length;) at += writeSync(this.commands, part, at);
    return this.answer();
  }

  end(): Promise<void> {
    return new Promise(resolve => {
      this.child.once('exit', () => {
        closeSync(this.answers);
        rmSync(this.folder, { recursive: true });
        resolve();
      });
      closeSync(this.commands);
    });
  }
}

const bytesOf = (data: HostData): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
const typeOf = (data: HostData): string =>
  data instanceof Float32Array
    ? 'f32'
    : data instanceof Int32Array
      ? 'i32'
      : data instanceof Uint32Array
        ? 'ui32'
        : 'ui8';

/** A device of `count` virtual ones; `held` counts its arrays and programs, `end` stops the process. */
export type JaxDevice = Device & { held: () => { buffers: number; programs: number }; end: () => Promise<void> };

/** @throws Error where jaxlib is not there. */
export const jaxDevice = async (count = 1): Promise<JaxDevice> => {
  const server = new Server(count);
  let made = 0;
  server.answer(); // it is ready
  const ids = new WeakMap<DeviceArray, number>();

  const array = (id: number): DeviceArray => {
    let there = true;
    const readInto = <T extends HostData>(into: T): T => {
      if (!there) throw new Error('this array was disposed of');
      bytesOf(into).set(server.do({ do: 'read', id }).data);
      return into;
    };
    const made: DeviceArray = {
      read: into => Promise.resolve(readInto(into)),
      readSync: readInto,
      dispose: () => {
        if (there) server.do({ do: 'destroy', id });
        there = false;
      },
    };
    ids.set(made, id);
    return made;
  };

  return Promise.resolve({
    name: 'jaxlib CPU',
    count,
    accelerates: false,
    compile: module => {
      const id = made++;
      server.do({ do: 'compile', id, replicas: module.replicas }, Buffer.from(moduleText(module)));
      return Promise.resolve({
        run: inputs => {
          const given = inputs.map(list => list.map(x => ids.get(x)!));
          const outputs = inputs.map(() => module.results.map(() => made++));
          server.do({ do: 'run', program: id, inputs: given, outputs });
          module.arguments.forEach(({ donatedTo }, i) => {
            if (donatedTo !== undefined) for (const list of inputs) list[i].dispose();
          });
          return Promise.resolve(outputs.map(list => list.map(array)));
        },
        dispose: () => {
          server.do({ do: 'forget', id });
        },
      });
    },
    upload: (data, shape, index = 0) => {
      if (sizeOf(shape) !== data.length) throw new Error(`${data.length} numbers are not of shape [${shape}]`);
      const id = made++;
      server.do({ do: 'upload', id, shape, type: typeOf(data), device: index }, bytesOf(data));
      return Promise.resolve(array(id));
    },
    held: () => server.do({ do: 'count' }).header as { buffers: number; programs: number },
    end: () => server.end(),
  });
};
