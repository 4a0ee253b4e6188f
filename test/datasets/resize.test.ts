import type { Images } from '../../src/compute/host-arrays';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseSafetensors } from '../../src/checkpoints';
import { cropTo, type CropTransform, resize, type ResizeKernel, resizeTensorflow1 } from '../../src/datasets';
import { fixturesFolder } from '../golden';

// Made by make_resize_fixtures.py with Pillow: part of each result as it is, all of it as a hash.
type Case = { source: string; height: number; width: number; stride: number; sha256: string } & (
  | { of: 'kernel'; kernel: ResizeKernel }
  | { of: 'tensorflow1' }
  | { of: 'crop'; transform: CropTransform; 'left out'?: true }
);
const folder = join(fixturesFolder, 'resize');
const { cases } = JSON.parse(readFileSync(join(folder, 'resize.json'), 'utf8')) as { cases: Case[] };
const { tensors } = parseSafetensors(readFileSync(join(folder, 'resize.safetensors')));

const source = (name: string): Images => {
  const { shape, data } = tensors[name];
  return { data: data as Uint8Array, n: 1, h: shape[0], w: shape[1], c: shape[2] };
};

/** Every stride-th row and column of the first image. */
const sampled = ({ data, h, w, c }: Images | Images<Float32Array>, stride: number): number[] => {
  const kept: number[] = [];
  for (let y = 0; y < h; y += stride)
    for (let x = 0; x < w; x += stride) for (let k = 0; k < c; k++) kept.push(data[(y * w + x) * c + k]);
  return kept;
};

const nameOf = (one: Case): string => {
  const how = one.of === 'kernel' ? one.kernel : one.of === 'crop' ? one.transform : [];
  return [one.of, one.source].concat(how, String(one.height), String(one.width)).join(' ');
};

const largestError = (got: Images | Images<Float32Array>, one: Case): number => {
  const expected = tensors[nameOf(one)].data;
  const values = sampled(got, one.stride);
  assert.equal(values.length, expected.length, nameOf(one));
  return values.reduce((largest, value, i) => Math.max(largest, Math.abs(value - Number(expected[i]))), 0);
};

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

for (const kernel of ['box', 'bilinear', 'bicubic', 'lanczos'] as const)
  test(`${kernel} is Pillow's, byte for byte, up and down, one pixel and non-square`, () => {
    const own = cases.filter(one => one.of === 'kernel' && one.kernel === kernel);
    assert.equal(own.length, 15);
    for (const one of own) {
      const got = resize(source(one.source), { height: one.height, width: one.width, kernel });
      assert.ok(largestError(got, one) <= 1, nameOf(one));
      assert.equal(sha256(got.data), one.sha256, nameOf(one));
    }
  });

test("TensorFlow 1's bilinear is its definition, to within float32", () => {
  const own = cases.filter(one => one.of === 'tensorflow1');
  assert.equal(own.length, 15);
  for (const one of own) {
    const got = resizeTensorflow1(source(one.source), { height: one.height, width: one.width });
    const error = largestError(got, one);
    assert.ok(error < 1e-4, `${nameOf(one)}: ${error} of 255`);
  }
});

test("the dataset tool's transforms are made as in Pillow, byte for byte", () => {
  const own = cases.filter(one => one.of === 'crop');
  assert.equal(own.length, 18);
  for (const one of own) {
    const { height, width, transform } = one;
    const got = cropTo(source(one.source), { height, width, transform });
    assert.equal(got === undefined, one['left out'] === true);
    if (!got) continue;
    assert.ok(largestError(got, one) <= 1, nameOf(one));
    assert.equal(sha256(got.data), one.sha256, nameOf(one));
  }
});

test('an image of a batch is resized as it is alone', () => {
  const [a, b] = [source('wide'), source('wide')];
  b.data = Uint8Array.from(a.data, byte => 255 - byte);
  const both = { ...a, n: 2, data: Uint8Array.from([...a.data, ...b.data]) };
  for (const kernel of ['bilinear', 'lanczos'] as const) {
    const [size, options] = [24 * 10 * 3, { height: 24, width: 10, kernel }];
    const { n, data } = resize(both, options);
    assert.equal(n, 2);
    assert.deepEqual(data.subarray(0, size), resize(a, options).data);
    assert.deepEqual(data.subarray(size), resize(b, options).data);
  }
  const floats = resizeTensorflow1(both, { height: 30, width: 11 });
  assert.deepEqual(floats.data.subarray(30 * 11 * 3), resizeTensorflow1(b, { height: 30, width: 11 }).data);
  const cropped = cropTo(both, { height: 8, width: 8, transform: 'center-crop-dhariwal' })!;
  assert.deepEqual(
    cropped.data.subarray(8 * 8 * 3),
    cropTo(b, { height: 8, width: 8, transform: 'center-crop-dhariwal' })!.data,
  );
});

test('the size an image has already is a copy, not the same memory', () => {
  const image = source('rgb');
  const same = resize(image, { height: 32, width: 32, kernel: 'lanczos' });
  assert.deepEqual(same.data, image.data);
  assert.notEqual(same.data.buffer, image.data.buffer);
});

test('so it is of a Buffer, whose slices are its memory', () => {
  const data = Buffer.of(1, 2, 3, 4);
  const same = resize({ data, n: 1, h: 2, w: 2, c: 1 }, { height: 2, width: 2, kernel: 'box' });
  assert.deepEqual([...same.data], [1, 2, 3, 4]);
  assert.notEqual(same.data.buffer, data.buffer);
});

test('bad sizes, kernels and data are refused by name', () => {
  const image = source('rgb');
  const options = { height: 8, width: 8, kernel: 'box' as const };
  assert.throws(() => resize(image, { ...options, height: 0 }), /resize: height must be an integer from 1, got 0/);
  assert.throws(() => resize(image, { ...options, kernel: 'cubic' as 'box' }), /kernel must be one of .*'bicubic'/);
  assert.throws(() => resize({ ...image, n: 2 }, options), /images.data must be n \* h \* w \* c = 6144 bytes, got/);
  assert.throws(() => resize({ ...image, c: 2 }, options), /images.c must be 1, 3 or 4, got 2/);
  assert.throws(() => resizeTensorflow1(image, { height: 8, width: 0.5 }), /width must be an integer from 1, got 0.5/);
  const crop = { height: 8, width: 9 };
  assert.throws(() => cropTo(image, { ...crop, transform: 'center-crop-dhariwal' }), /height must be the width, 9/);
  assert.throws(
    () => cropTo(image, { height: 9, width: 8, transform: 'center-crop-wide' }),
    /height must be at most the width, 8, for center-crop-wide, got 9/,
  );
});
