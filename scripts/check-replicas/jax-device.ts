/* jaxlib's own XLA in a Python process as a device of the library: a second implementation of all that is compiled. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Device, DeviceArray, DeviceProgram, HostData } from '../../src/compute/xla/device';
import { moduleText } from '../../src/compute/xla/print';

/** An array that the process holds. */
type Held = DeviceArray & { id: number };

const bytesOf = ({ buffer, byteOffset, byteLength }: HostData): Buffer => Buffer.from(buffer, byteOffset, byteLength);

const typeOf = (data: HostData): string => {
  if (data instanceof Float32Array) return 'float32';
  if (data instanceof Int32Array) return 'int32';
  return data instanceof Uint32Array ? 'uint32' : 'uint8';
};

/** Starts the process. @returns the device, jax's version, and what ends it */
export const openJaxDevice = async (
  python: string,
): Promise<{ device: Device; version: string; close: () => void }> => {
  const child = spawn(python, ['-B', join(__dirname, 'jax_device.py')], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<Record<string, unknown>> => {
    const line = await answers.next();
    if (line.done) throw new Error('jaxlib ended; its last words are above');
    const answer = JSON.parse(line.value) as Record<string, unknown>;
    if (typeof answer.error === 'string') throw new Error(`jaxlib: ${answer.error}`);
    return answer;
  };
  let last: Promise<unknown> = Promise.resolve();
  const ask = (request: Record<string, unknown>): Promise<Record<string, unknown>> => {
    const answer = last.then(() => {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      return next();
    });
    last = answer.catch(() => undefined);
    return answer;
  };
  const { jax, devices } = await next();
  const held = (id: number): Held => ({
    id,
    read: async into => {
      const { data } = await ask({ read: id });
      bytesOf(into).set(Buffer.from(String(data), 'base64'));
      return into;
    },
    readSync: () => {
      throw new Error('a process of its own cannot be waited for');
    },
    dispose: () => void ask({ free: id }).catch(() => undefined), // the process has ended
  });
  const program = (id: number): DeviceProgram => ({
    run: async inputs => {
      const { ids } = await ask({ run: id, inputs: inputs.map(list => list.map(array => (array as Held).id)) });
      return (ids as number[][]).map(list => list.map(held));
    },
    dispose: () => void ask({ free: id }).catch(() => undefined),
  });
  const device: Device = {
    name: `${String(devices)} virtual devices of jaxlib`,
    count: Number(devices),
    accelerates: false,
    compile: async module =>
      program(Number((await ask({ compile: moduleText(module), replicas: module.replicas })).id)),
    upload: async (data, shape, index = 0) => {
      const upload = bytesOf(data).toString('base64');
      return held(Number((await ask({ upload, type: typeOf(data), shape, device: index })).id));
    },
  };
  return { device, version: String(jax), close: () => child.stdin.end() };
};
