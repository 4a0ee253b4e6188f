import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LiteratureRow, type StoredResult, strengthsFigure } from '../../src/claims';
import type { MadeBy } from '../../src/provenance';

const row = (coef: number, images: number, value: number): LiteratureRow => ({
  table: 6, dataset: 'D', method: 'CoSIM-L', nfe: 2, metric: 'FD', value, source: 'Table 6', coef, images,
}); // prettier-ignore

const PAPER = [row(0.5, 100, 1), row(0.75, 100, 2), row(1, 100, 4), row(0.5, 200, 3)];

const machine = { cpu: 'c', cores: 1, memoryGiB: 1, os: 'o' };
const maker: MadeBy = {
  commit: 'abc',
  code: 'x',
  engine: 'onnx',
  versions: {},
  machine,
  date: '2026-01-01',
  seconds: 1,
};

const points = (numbers: unknown): StoredResult => ({
  name: '03_points',
  title: 't',
  provenance: { preset: 'laptop', seeds: [0, 1], madeBy: [maker] },
  numbers,
  picture: true,
});

const measured = (coef: number, seed: number, value: number) => ({ coef, seed, images: 64, value, madeBy: [0] });

test('each distance is divided by the geometric mean of the three strengths at the same images and seed', () => {
  const ours = [measured(0.5, 0, 8), measured(0.75, 0, 2), measured(1, 0, 4), measured(2, 0, 100), measured(1, 1, 5)];
  const { numbers, provenance } = strengthsFigure(new Map([['03_points', points(ours)]]), PAPER)!;
  assert.deepEqual(
    (numbers as { where: string; coef: number; ratio: number }[]).map(({ where, coef, ratio }) => [
      where,
      coef,
      ratio.toFixed(9),
    ]),
    [
      ['The paper: ImageNet-512, CoSIM-L', 0.5, '0.500000000'],
      ['The paper: ImageNet-512, CoSIM-L', 0.75, '1.000000000'],
      ['The paper: ImageNet-512, CoSIM-L', 1, '2.000000000'],
      ['Here: checkerboard', 0.5, '2.000000000'],
      ['Here: checkerboard', 0.75, '0.500000000'],
      ['Here: checkerboard', 1, '1.000000000'],
    ],
    'a strength that is not Table 6 has, and a place without all three, are left out',
  );
  assert.deepEqual(provenance, { preset: 'laptop', seeds: [0], madeBy: [maker] });
});

test('without results of all three strengths there is no figure', () => {
  assert.equal(strengthsFigure(new Map(), PAPER), undefined);
  assert.equal(strengthsFigure(new Map([['03_points', points([measured(1, 0, 1)])]]), PAPER), undefined);
});
