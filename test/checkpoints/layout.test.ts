import { shapeSize } from '../../src/compute/host-arrays';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ARRAYS, fromReference, type HostDtype, type HostTensor, toReference } from '../../src/checkpoints';

const f32 = (shape: number[], values: number[]): HostTensor => ({
  dtype: 'F32',
  shape,
  data: Float32Array.from(values),
});

test('a linear map [out, in] becomes [in, out]', () => {
  assert.deepEqual(fromReference(f32([2, 3], [1, 2, 3, 4, 5, 6])), f32([3, 2], [1, 4, 2, 5, 3, 6]));
});

test('element [o, i, y, x] of a convolution becomes element [y, x, i, o]', () => {
  const [O, I, H, W] = [2, 3, 4, 5];
  const number = (o: number, i: number, y: number, x: number) => 1000 * o + 100 * i + 10 * y + x;
  const disk: number[] = [];
  for (let o = 0; o < O; o++)
    for (let i = 0; i < I; i++) for (let y = 0; y < H; y++) for (let x = 0; x < W; x++) disk.push(number(o, i, y, x));
  const memory: number[] = [];
  for (let y = 0; y < H; y++)
    for (let x = 0; x < W; x++) for (let i = 0; i < I; i++) for (let o = 0; o < O; o++) memory.push(number(o, i, y, x));
  assert.deepEqual(fromReference(f32([O, I, H, W], disk)), f32([H, W, I, O], memory));
  assert.deepEqual(toReference(f32([H, W, I, O], memory)), f32([O, I, H, W], disk));
});

test('bytes in a Buffer are turned as others are, and stay as they were', () => {
  const data = Buffer.of(1, 2, 3, 4, 5, 6);
  const { data: turned } = fromReference({ dtype: 'U8', shape: [2, 3], data });
  assert.deepEqual([...turned], [1, 4, 2, 5, 3, 6]);
  assert.deepEqual([...data], [1, 2, 3, 4, 5, 6]);
});

test('other ranks stay as they are', () => {
  for (const shape of [[], [6], [1, 2, 3], [1, 1, 2, 3, 1]]) {
    const tensor = f32(
      shape,
      Array.from({ length: shapeSize(shape) }, (_, i) => i),
    );
    assert.deepEqual(fromReference(tensor), tensor);
    assert.deepEqual(toReference(tensor), tensor);
  }
});

test('there and back is exact to the bit, for every type and whatever bits a NaN has', () => {
  const anyTensor = fc
    .tuple(fc.constantFrom(...(Object.keys(ARRAYS) as HostDtype[])), fc.array(fc.nat(4), { maxLength: 5 }))
    .chain(([dtype, shape]) => {
      const count = shapeSize(shape) * ARRAYS[dtype].BYTES_PER_ELEMENT;
      return fc.uint8Array({ minLength: count, maxLength: count }).map((raw): HostTensor => {
        return { dtype, shape, data: new ARRAYS[dtype](raw.slice().buffer) };
      });
    });
  fc.assert(
    fc.property(anyTensor, tensor => {
      for (const back of [toReference(fromReference(tensor)), fromReference(toReference(tensor))]) {
        assert.deepEqual([back.dtype, back.shape], [tensor.dtype, tensor.shape]);
        assert.deepEqual(new Uint8Array(back.data.buffer), new Uint8Array(tensor.data.buffer));
      }
    }),
    { numRuns: 300, seed: 1 },
  );
});
