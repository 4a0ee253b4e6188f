import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArgumentError } from '../../../src/compute/check';
import { kernelTimes } from '../../../src/compute/xla/kernel-times';
import { bytesField } from '../../../src/compute/wire';

const message = (...fields: Uint8Array[][]): Uint8Array => Buffer.concat(fields.flat());
const text = (number: number, value: string): Uint8Array[] => bytesField(number, [Buffer.from(value)]);

const integer = (number: number, value: number): Uint8Array[] => {
  const bytes = [8 * number];
  for (let left = value; ; left = Math.floor(left / 128)) {
    bytes.push(left < 128 ? left : (left % 128) | 128);
    if (left < 128) return [Uint8Array.from(bytes)];
  }
};

/** An event of a line: kernel, picoseconds, and how many it stands for. */
const event = (kernel: number, ps: number, calls?: number): Uint8Array[] =>
  bytesField(4, [message(integer(1, kernel), integer(3, ps), calls === undefined ? [] : integer(5, calls))]);

const line = (name: string, ...events: Uint8Array[][]): Uint8Array[] =>
  bytesField(3, [message(integer(1, 9), text(2, name), integer(3, 1_700_000_000_000_000_000), ...events)]);

const plane = (name: string, kernels: Record<number, string>, ...lines: Uint8Array[][]): Uint8Array[] => {
  const names = Object.entries(kernels).map(([id, kernel]) =>
    bytesField(4, [message(integer(1, Number(id)), bytesField(2, [message(integer(1, Number(id)), text(2, kernel))]))]),
  );
  return bytesField(1, [message(integer(1, 3), text(2, name), ...lines, ...names)]);
};

test('kernels of all streams and devices, added up by name, the longest first', () => {
  const kernels = { 1: 'loop_add_fusion_12', 2: 'loop_add_fusion_3', 300: 'void cutlass::Kernel<half_t, 2>(Params)' };
  const gpu = (index: number): Uint8Array[] =>
    plane(
      `/device:GPU:${index}`,
      kernels,
      line('Stream #13(Compute)', event(1, 2e9), event(2, 1e9), event(300, 5e12)),
      line('Stream #14(MemcpyH2D)', event(1, 4e9, 8)),
      line('XLA Modules', event(1, 9e12)),
    );
  const host = plane('/host:CPU', { 1: 'Execute' }, line('Stream', event(1, 9e12)));
  assert.deepEqual(kernelTimes(message(gpu(0), host, gpu(1), text(4, 'the host'))), [
    { name: 'void cutlass::Kernel<half_t, 2>(Params)', calls: 2, ms: 10_000 },
    { name: 'loop_add_fusion', calls: 20, ms: 14 },
  ]);
});

test("a device that tells XLA's operations tells those alone", () => {
  const tpu = plane(
    '/device:TPU:0',
    { 1: 'fusion.41', 2: 'jit_step' },
    line('Steps', event(2, 8e9)),
    line('XLA Modules', event(2, 7e9)),
    line('XLA Ops', event(1, 3e9), event(1, 3e9)),
    line('Stream #1', event(2, 5e9)),
  );
  assert.deepEqual(kernelTimes(message(tpu)), [{ name: 'fusion', calls: 2, ms: 6 }]);
});

test('nothing recorded, and bytes that are nothing', () => {
  assert.deepEqual(kernelTimes(new Uint8Array()), []);
  assert.throws(() => kernelTimes(Uint8Array.from([0x0a, 0x7f, 1])), ArgumentError);
});
