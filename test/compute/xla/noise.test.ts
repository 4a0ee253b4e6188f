import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { normalRows, uniformRows } from '../../../src/compute/noise';
import { HloBuilder } from '../../../src/compute/xla/builder';
import type { HloModule } from '../../../src/compute/xla/hlo';
import { type PjrtDevice } from '../../../src/compute/xla/pjrt';
import { deviceNormal, deviceUniform } from '../../../src/compute/xla/noise';
import { evaluate } from './evaluate';
import { openCpuDevice } from './pjrt/cpu-plugin';
import { runOnDevice } from './run-on-device';

const STREAM = 'phi.noise';

/** Both kinds of numbers at an address of four words: seed's low and high half, step, first sample. */
const numbers = (rows: number, shape: readonly number[]): HloModule => {
  const b = new HloBuilder();
  const words = b.argument('address', [4], 'ui32');
  const [low, high, step, first] = [0, 1, 2, 3].map(i => b.reshape(b.slice(words, [i], [1]), []));
  const address = { seed: [low, high] as const, stream: STREAM, step, first };
  return b.module({
    uniform: deviceUniform(b, address, rows, shape),
    normal: deviceNormal(b, address, rows, shape),
  });
};

/** Steps of float32 between two arrays: differences of their bits, as integers that are in the order of the numbers. */
const ulps = (a: Float32Array, b: Float32Array): number => {
  const ordered = (x: Float32Array): Int32Array =>
    new Int32Array(x.slice().buffer).map(bits => (bits < 0 ? -(bits & 0x7fffffff) : bits));
  const [p, q] = [ordered(a), ordered(b)];
  return p.reduce((worst, bits, i) => Math.max(worst, Math.abs(bits - q[i])), 0);
};

const SEED = 2 ** 40 + 12345;
const [ADDRESS, PLACE] = [
  Uint32Array.of(SEED >>> 0, Math.floor(SEED / 2 ** 32), 7, 11),
  { seed: SEED, stream: STREAM, step: 7 },
];

describe('noise drawn on the device', () => {
  let device: PjrtDevice;
  before(async () => {
    device = await openCpuDevice();
  });
  after(() => {
    device.dispose();
  });

  for (const [rows, shape] of [
    [3, [5]],
    [2, [4, 3, 1]],
    [4, []],
  ] as const) {
    const size = shape.reduce<number>((a, b) => a * b, 1);
    test(`of ${rows} rows of [${String(shape)}] is the host's: uniforms bit for bit, by the specification and by XLA`, async () => {
      const [uniform, normal] = [uniformRows, normalRows].map(draw => draw(PLACE, 11, rows, size));
      const module = numbers(rows, shape);
      for (const found of [
        evaluate(module, { address: ADDRESS }) as Record<string, Float32Array>,
        await runOnDevice(device, module, { address: ADDRESS }),
      ]) {
        assert.deepEqual(found.uniform, uniform);
        assert.ok(ulps(found.normal, normal) <= 1);
      }
    });
  }

  test('a million normal numbers are within one step of float32', async t => {
    const [rows, size] = [1000, 1000];
    const module = numbers(rows, [size]);
    const { uniform, normal } = await runOnDevice(device, module, { address: ADDRESS });
    assert.deepEqual(uniform, uniformRows(PLACE, 11, rows, size));
    const wanted = normalRows(PLACE, 11, rows, size);
    const worst = ulps(normal, wanted);
    t.diagnostic(`worst ${worst} ulp; ${normal.filter((x, i) => x !== wanted[i]).length} of a million differ`);
    assert.ok(worst <= 1);
  });
});
