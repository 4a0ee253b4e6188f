import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expectDeclaration, planFeatures } from '../../src/features/feature-plan';
import type { FileSignature } from '../../src/features/feature-worker';
import { declared } from './feature-files';

const file: FileSignature = {
  inputs: [{ name: 'images', type: 'uint8', shape: ['n', 3, 5, 5] }],
  outputs: [
    { name: 'features', type: 'float32', shape: ['n', 8, 1, 1] },
    { name: 'logits', type: 'float32', shape: ['n', 2] },
    { name: 'half', type: 'float16', shape: ['n', 2] },
  ],
};
const bytes = declared({ layout: 'NCHW', dtype: 'uint8' }, { features: 'features', logits: 'logits' });

const changed = (preprocessing: object) => ({ preprocessing: { ...bytes.preprocessing, ...preprocessing } });

test('a plan names what the file calls it, with the lengths the file tells', () => {
  const { preprocessing } = bytes;
  const plan = { preprocessing, input: 'images', features: 'features', logits: 'logits' };
  assert.deepEqual(planFeatures('test', file, bytes), { plan, d: 8, classes: 2 });
  const batch = { ...file, inputs: [{ ...file.inputs[0], shape: [4, 3, 5, 5] }] };
  assert.deepEqual(planFeatures('test', batch, bytes).plan, { ...plan, fixedBatch: 4 });
  const tokens = { ...file, outputs: [{ name: 'tokens', type: 'float32', shape: ['n', 257, 1024] }] };
  const transformer = { ...bytes, features: ['features', 'tokens'], logits: undefined, token: 0 };
  const { plan: taken, ...lengths } = planFeatures('test', tokens, transformer);
  assert.deepEqual([taken.features, taken.token, lengths], ['tokens', 0, { d: 1024, classes: 0 }]);
  const silent = { ...file, outputs: [{ name: 'features', type: 'float32', shape: [] }] };
  assert.equal(planFeatures('test', silent, { ...bytes, logits: undefined }).d, undefined);
});

test('a declaration that the file does not keep is refused with what the file has', () => {
  const refused = (declaration: object, message: RegExp, signature = file): void => {
    const all = { ...bytes, ...declaration };
    assert.throws(() => planFeatures('test', signature, all), { name: 'ArgumentError', message });
  };
  refused({ input: 'x' }, /input must be called x; the file has images uint8 \[n, 3, 5, 5\], got/);
  refused({ features: undefined }, /output must be the only output, or named .* features float32 \[n, 8, 1, 1\]/);
  refused({ features: ['a', 'b'] }, /output must be called a or b; the file has features float32/);
  refused({ features: 'half' }, /output half must be of type float32, got 'float16'/);
  refused({ logits: 'scores' }, /output must be called scores/);
  refused(changed({ dtype: 'float32' }), /input images must be of type float32, got 'uint8'/);
  refused(changed({ layout: 'NHWC' }), /of shape \[n, any, any, 3\] .* got \["n",3,5,5\]/);
  refused(changed({ channels: 'grey' }), /of shape \[n, 1, any, any\]/);
  refused(changed({ resize: { kernel: 'pil-box', size: 6 } }), /of shape \[n, 3, 6, 6\]/);
  refused(changed({ crop: 4 }), /of shape \[n, 3, 4, 4\]/);
  const other = { name: 'mask', type: 'float32', shape: ['n'] };
  refused({ input: 'images' }, /the file must be of one input/, { ...file, inputs: [...file.inputs, other] });
  refused({}, /input mask must be of type uint8/, { ...file, inputs: [other] });
});

test('a declaration that means nothing is refused', () => {
  const refused = (declaration: object, message: RegExp): void => {
    const all = { ...bytes, ...declaration };
    assert.throws(() => expectDeclaration('test', all), { name: 'ArgumentError', message });
  };
  refused({ name: '' }, /name must be a name/);
  refused({ output: 'features' }, /unknown option 'output'/);
  refused({ features: 1 }, /features must be the name of an output, or names/);
  refused({ input: 1 }, /input must be the name of one in the file/);
  refused({ token: -1 }, /token must be an integer from 0/);
  refused({ logits: undefined, classes: 2 }, /logits must be an output, since there are classes/);
  refused({ sha256: 'abc' }, /sha256 must be 64 hex digits, got 'abc'/);
  refused({ preprocessing: undefined }, /preprocessing must be an object/);
  refused(changed({ kernel: 'pil-box' }), /unknown option 'kernel'/);
  refused(changed({ resize: { kernel: 'bicubic', size: 5 } }), /resize.kernel must be one of .*'pil-bicubic'/);
  refused(changed({ resize: { kernel: 'pil-box' } }), /resize.size must be an integer from 1/);
  refused(changed({ resize: { kernel: 'none', size: 5 } }), /resize none: unknown option 'size'/);
  refused(changed({ resize: { kernel: 'pil-box', size: 5 }, crop: 6 }), /crop must be an integer from 1 to 5/);
  refused(changed({ layout: 'CHW' }), /layout must be one of 'NCHW', 'NHWC'/);
  refused(changed({ values: { range: [0, 1] } }), /values must be 'bytes' for dtype uint8/);
  refused(changed({ dtype: 'float32', values: { range: [0] } }), /values.range must be 2 finite numbers, got \[0\]/);
  refused(changed({ dtype: 'float32', values: { mean: [0, 0, 0] } }), /values.std must be 3 finite numbers/);
  const values = { mean: [0, 0, 0], std: [1, 0, 1] };
  refused(changed({ dtype: 'float32', values }), /values.std must be above 0/);
  refused(changed({ resize: { kernel: 'tf1-bilinear', size: 5 } }), /dtype must be float32 after tf1-bilinear/);
});
