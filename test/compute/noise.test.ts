import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { normal, normalRows, philox, randomSource, uniform, uniformRows } from '../../src/compute/noise';
import { assertClose, mean, variance } from '../close';

/** The normal distribution function by Abramowitz and Stegun's 7.1.26, good to 1.5e-7. */
const normalCdf = (z: number): number => {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const series = [0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429];
  const erfc = series.reduceRight((sum, c) => t * (c + sum), 0) * Math.exp(-x * x);
  return z > 0 ? 1 - erfc / 2 : erfc / 2;
};

/** Kolmogorov-Smirnov distance times sqrt(n): above 1.95 with probability 0.001. */
const kolmogorov = (values: Float32Array, cdf: (x: number) => number): number => {
  const n = values.length;
  const gaps = Float64Array.from(values)
    .sort()
    .map((x, i) => Math.max(Math.abs(cdf(x) - i / n), Math.abs(cdf(x) - (i + 1) / n)));
  return Math.max(...gaps) * Math.sqrt(n);
};

describe('Philox4x32-10', () => {
  const word = (text: string): number[] => text.split(' ').map(hex => Number.parseInt(hex, 16));
  const answers = [
    ['00000000 00000000 00000000 00000000', '00000000 00000000', '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    ['ffffffff ffffffff ffffffff ffffffff', 'ffffffff ffffffff', '408f276d 41c83b0e a20bc7c6 6d5451fd'],
    ['243f6a88 85a308d3 13198a2e 03707344', 'a4093822 299f31d0', 'd16cfe09 94fdcceb 5001e420 24126ea1'],
  ];
  for (const [counter, key, expected] of answers)
    test(`gives the authors' known answer for counter ${counter}`, () => {
      const out = new Uint32Array(4);
      const [c0, c1, c2, c3] = word(counter);
      const [k0, k1] = word(key);
      philox(out, c0, c1, c2, c3, k0, k1);
      assert.deepEqual([...out], word(expected));
    });
});

describe('distributions', () => {
  const n = 10_000;

  test('10,000 normal numbers have the mean, variance, skewness and kurtosis of a normal, and pass KS', () => {
    const z = normal({ seed: 1, stream: 'moments' }, n);
    assertClose(mean(z), 0, 4 / Math.sqrt(n), 'mean');
    assertClose(variance(z), 1, 4 * Math.sqrt(2 / n), 'variance');
    assertClose(mean(z.map(v => v ** 3)), 0, 4 * Math.sqrt(15 / n), 'third moment');
    assertClose(mean(z.map(v => v ** 4)), 3, 4 * Math.sqrt(96 / n), 'fourth moment');
    assert.ok(kolmogorov(z, normalCdf) < 1.95);
  });

  test('10,000 uniform numbers lie in [0, 1), have mean 1/2 and variance 1/12, and pass KS', () => {
    const u = uniform({ seed: 1, stream: 'moments' }, n);
    assert.ok(u.every(v => v >= 0 && v < 1));
    assertClose(mean(u), 0.5, 4 / Math.sqrt(12 * n), 'mean');
    assertClose(variance(u), 1 / 12, 4 / Math.sqrt(180 * n), 'variance');
    assert.ok(kolmogorov(u, x => x) < 1.95);
  });

  test('neighbouring numbers, samples, steps and seeds are uncorrelated', () => {
    const at = (seed: number, step: number, sample: number) => normal({ seed, stream: 'pairs', step, sample }, n);
    const base = at(1, 0, 0);
    const others = {
      number: base.map((_, i) => base[(i + 1) % n]),
      seed: at(2, 0, 0),
      step: at(1, 1, 0),
      sample: at(1, 0, 1),
    };
    for (const [what, other] of Object.entries(others))
      assertClose(mean(base.map((z, i) => z * other[i])), 0, 4 / Math.sqrt(n), what);
  });

  test('a random source draws integers below its argument, all of them, evenly', () => {
    const { integer } = randomSource({ seed: 3, stream: 'integers' });
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 7000; i++) counts[integer(7)]++;
    for (const count of counts) assertClose(count, 1000, 4 * Math.sqrt(1000 * (6 / 7)), 'count');
  });
});

describe('addresses', () => {
  test('row i belongs to sample first + i whatever the first row, the number of rows and the order', () => {
    for (const [rows, single] of [
      [normalRows, normal],
      [uniformRows, uniform],
    ] as const) {
      const size = 6;
      const whole = rows({ seed: 9, stream: 'rows', step: 4 }, 0, 12, size);
      for (const [first, count] of [
        [11, 1],
        [3, 8],
        [0, 1],
        [5, 3],
      ])
        assert.deepEqual(
          rows({ seed: 9, stream: 'rows', step: 4 }, first, count, size),
          whole.slice(first * size, (first + count) * size),
        );
      assert.deepEqual(single({ seed: 9, stream: 'rows', step: 4, sample: 7 }, size), whole.slice(7 * size, 8 * size));
    }
  });

  test('the start of a longer block is the shorter block', () => {
    const address = { seed: 5, stream: 'prefix' };
    assert.deepEqual(normal(address, 100).slice(0, 33), normal(address, 33));
  });

  test('every part of the address matters, seeds beyond 2^32 included', () => {
    const base = { seed: 7, stream: 'a', step: 1, sample: 2 };
    const addresses = [
      base,
      { ...base, seed: 8 },
      { ...base, seed: 7 + 2 ** 32 },
      { ...base, seed: 7 + 2 ** 33 },
      { ...base, seed: Number.MAX_SAFE_INTEGER },
      { ...base, stream: 'b' },
      { ...base, step: 2 },
      { ...base, sample: 1 },
      { ...base, step: 2, sample: 1 },
      { ...base, step: 2 ** 32 - 1 },
    ];
    const blocks = addresses.map(address => uniform(address, 8).join());
    assert.equal(new Set(blocks).size, addresses.length);
  });

  test('a random source is a function of its address, and its normal and uniform draws do not disturb each other', () => {
    const [a, b] = [0, 1].map(() => randomSource({ seed: 4, stream: 'source', sample: 3 }));
    const mixed = Array.from({ length: 600 }, () => [a.uniform(), a.normal()]);
    const normals = Array.from({ length: 600 }, () => b.normal());
    assert.deepEqual(
      mixed.map(([, z]) => z),
      normals,
    );
  });

  test('addresses out of range are refused by name', () => {
    const address = { seed: 0, stream: 'bad' };
    assert.throws(() => uniform({ ...address, seed: -1 }, 1), /uniform: seed must be an integer from 0, got -1/);
    assert.throws(() => normal({ ...address, seed: 0.5 }, 1), /normal: seed must be an integer/);
    assert.throws(() => normal({ ...address, seed: 2 ** 53 }, 1), /seed must be an integer/);
    assert.throws(() => normal({ ...address, step: 2 ** 32 }, 1), /step must be an integer from 0 to 4294967295/);
    assert.throws(() => normal({ ...address, sample: -3 }, 1), /sample must be an integer/);
    assert.throws(() => uniform(address, -1), /count must be an integer/);
    assert.throws(() => normalRows(address, -1, 2, 3), /first must be an integer from 0/);
    assert.throws(() => normalRows(address, 0, 1.5, 3), /count must be an integer/);
  });
});
