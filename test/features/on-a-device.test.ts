import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normal } from '../../src/compute/noise';
import type { OnnxBuilder } from '../../src/compute/onnx/onnx-builder';
import { HloBuilder } from '../../src/compute/xla/builder';
import { alive } from '../../src/compute/xla/pjrt';
import { useDevice } from '../../src/compute/xla/shared-device';
import { onnxFeatures, type Preprocessing } from '../../src/features';
import { preprocessOnDevice } from '../../src/features/device-preprocessing';
import { preprocess } from '../../src/features/preprocessing';
import { featureIdentity } from '../../src/metrics';
import { testDevice } from '../compute/xla/pjrt/cpu-plugin';
import { temporaryFolder } from '../temporary-folder';
import { declared, writeNetwork } from './feature-files';

const file = temporaryFolder();
const cpu = testDevice({ shared: true });

const pictures = (n: number, h: number, w: number, c = 3) => ({
  data: Uint8Array.from({ length: n * h * w * c }, (_, i) => (i * i * 31 + i * 97) % 256),
  n,
  h,
  w,
  c,
});

const PREPARATIONS: Record<string, Preprocessing> = {
  'bytes as they are': { resize: { kernel: 'none' }, values: 'bytes', layout: 'NCHW', dtype: 'uint8', channels: 'RGB' },
  'bicubic, larger': { resize: { kernel: 'pil-bicubic', size: 24 }, values: 'bytes', layout: 'NCHW', dtype: 'uint8', channels: 'RGB' },
  'lanczos, smaller, cropped, standardised': {
    resize: { kernel: 'pil-lanczos', size: 7, sides: 'shorter' },
    crop: 6,
    values: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
    layout: 'NHWC',
    dtype: 'float32',
    channels: 'BGR',
  },
  'box, in a range': { resize: { kernel: 'pil-box', size: 5 }, values: { range: [-1, 127 / 128] }, layout: 'NCHW', dtype: 'float32', channels: 'RGB' },
}; // prettier-ignore

for (const [name, preprocessing] of Object.entries(PREPARATIONS))
  test(`images are prepared on a device as on the host, bit for bit: ${name}`, async () => {
    for (const images of [pictures(2, 9, 12), ...(preprocessing.channels === 'RGB' ? [pictures(2, 8, 8, 1)] : [])]) {
      const expected = Float32Array.from(preprocess(images, preprocessing));
      const b = new HloBuilder();
      const bytes = b.argument('bytes', [images.n, images.h, images.w, images.c], 'ui8');
      const program = await cpu.device.compile(b.module({ x: preprocessOnDevice(b, bytes, preprocessing) }));
      const sent = await cpu.device.upload(images.data, [images.n, images.h, images.w, images.c]);
      const [[x]] = await program.run([[sent]]);
      assert.deepEqual(await x.read(new Float32Array(expected.length)), expected);
      for (const held of [x, sent, program]) held.dispose();
    }
  });

/** What MobileNet v1 is made of, small: bytes, convolutions, one of them by channel, clipped, and a mean over pixels. */
const small = (path: string, last = 'Clip'): string =>
  writeNetwork(path, {
    type: 'uint8',
    shape: ['n', 3, 12, 12],
    outputs: { features: ['n', 5], logits: ['n', 2] },
    build: (x, g: OnnxBuilder) => {
      const weights = (name: string, shape: number[]): string => {
        const size = shape.reduce((product, n) => product * n, 1);
        return g.constant(normal({ seed: 3, stream: name }, size), shape, 'float32');
      };
      const clip = (y: string): string => g.add('Clip', [y, g.float(0), g.float(6)]);
      const units = g.add('Div', [g.add('Sub', [x, g.float(128)]), g.float(128)]);
      const first = clip(g.add('Conv', [units, weights('w0', [4, 3, 3, 3]), weights('b0', [4])], { strides: [2, 2], pads: [0, 0, 1, 1] })); // prettier-ignore
      const each = clip(g.add('Conv', [first, weights('w1', [4, 1, 3, 3])], { group: 4, pads: [1, 1, 1, 1] }));
      const mixed = g.add('Conv', [each, weights('w2', [5, 4, 1, 1])]);
      const ended = last === 'Clip' ? clip(mixed) : g.add(last, [mixed]);
      const features = g.add('Flatten', [g.add('GlobalAveragePool', [ended])], { axis: 1 });
      return { features, logits: g.add('MatMul', [features, weights('w3', [5, 2])]) };
    },
  });

const declaration = declared(
  { resize: { kernel: 'pil-bicubic', size: 12 }, layout: 'NCHW', dtype: 'uint8' },
  { features: 'features', logits: 'logits' },
);

test("features and logits on a device are ONNX Runtime's up to rounding, and nothing stays there", async () => {
  const before = { ...alive };
  const path = small(file('small.onnx'));
  const [runtime, xla] = await Promise.all(
    (['onnx', 'xla'] as const).map(engine => onnxFeatures(path, declaration, { engine, workers: 1 })),
  );
  assert.deepEqual([runtime.engine?.name, xla.engine?.name, xla.engine?.device], ['onnx', 'xla', cpu.device.name]);
  assert.deepEqual(featureIdentity(xla), featureIdentity(runtime));
  assert.equal(xla.classes, 2);
  for (const images of [pictures(7, 8, 8), pictures(600, 5, 9), pictures(3, 8, 8, 1)]) {
    const counts: number[] = [];
    const [a, b] = [
      await runtime.extract(images),
      await xla.extract(images, { onImages: done => counts.push(done), batch: 3 }),
    ];
    for (const which of ['features', 'logits'] as const)
      b[which]!.data.forEach((value, i) => {
        assert.ok(Math.abs(value - a[which]!.data[i]) < 2e-5, `${which} ${i}: ${value}, ${a[which]!.data[i]}`);
      });
    assert.equal(counts.at(-1), images.n);
  }
  await Promise.all([runtime.dispose(), xla.dispose()]);
  assert.deepEqual(alive, before);
});

test('what TensorFlow 1 resized is prepared on the host', async () => {
  const path = writeNetwork(file('fractions.onnx'), {
    shape: ['n', 3, 4, 4],
    outputs: { features: ['n', 48] },
    build: (x, g) => ({ features: g.add('Flatten', [g.add('Relu', [x])]) }),
  });
  const fractions = declared({ resize: { kernel: 'tf1-bilinear', size: 4 }, layout: 'NCHW' });
  const images = pictures(5, 7, 6);
  const xla = await onnxFeatures(path, fractions, { engine: 'xla' });
  const { features } = await xla.extract(images);
  assert.deepEqual(features.data, preprocess(images, fractions.preprocessing));
  await xla.dispose();
});

test('auto falls back to ONNX Runtime where an operator is not known, and says why; xla refuses', async () => {
  const path = small(file('unknown.onnx'), 'Mish');
  const accelerator = { ...cpu.device, accelerates: true };
  useDevice(accelerator);
  const auto = await onnxFeatures(path, declaration);
  assert.equal(auto.engine?.name, 'onnx');
  assert.match(auto.engine?.reason ?? '', /the operator Mish of node .* is not known/);
  assert.equal((await auto.extract(pictures(2, 8, 8))).features.n, 2);
  await auto.dispose();
  await assert.rejects(onnxFeatures(path, declaration, { engine: 'xla' }), /operator Mish/);
  const known = await onnxFeatures(small(file('known.onnx')), declaration);
  assert.equal(known.engine?.name, 'xla');
  await known.dispose();
  useDevice(cpu.device);
});
