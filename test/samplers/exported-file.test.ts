import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { auxiliaryOf, ddpmpp, type Denoiser, edmDenoiser } from '../../src/networks';
import { checkExport, exportOnnx } from '../../src/samplers';
import { parseOnnx } from '../onnx-file';
import { temporaryFolder } from '../temporary-folder';
import { tinyImageNet, tinyMlp } from '../tiny';
import { modelOf, reference } from './exported';

const file = temporaryFolder();

before(() => selectBackend({ backend: 'wasm' }));

describe('an exported file', () => {
  /** Every operation that the files consist of; all of them are standard ONNX. */
  const STANDARD = new Set(['Add', 'Concat', 'Conv', 'Cos', 'Div', 'Expand', 'Gemm', 'Identity', 'Log', 'MatMul', 'Mul', 'Reciprocal', 'ReduceSum', 'Reshape', 'Shape', 'Sigmoid', 'Sin', 'Slice', 'Softmax', 'Split', 'Sqrt', 'Sub', 'Transpose']); // prettier-ignore

  test('holds standard operators of opset 18 only, and no operation that only rearranges a weight', async () => {
    for (const make of [tinyMlp, tinyImageNet]) {
      const { path } = await exportOnnx(file('standard.onnx'), modelOf(make()), { times: [80, 1] });
      const { opsets, nodes, weights } = parseOnnx(readFileSync(path));
      assert.deepEqual(opsets, [{ domain: '', version: 18 }]);
      for (const { op, domain, inputs } of nodes) {
        assert.ok(domain === '' && STANDARD.has(op), `${domain}:${op}`);
        const first = weights[inputs[0]] as (typeof weights)[string] | undefined;
        if (['Reshape', 'Transpose', 'Split', 'Slice'].includes(op)) assert.equal(first, undefined, `${op} of ${inputs[0]}`); // prettier-ignore
      }
    }
  });

  test('holds filters as PyTorch has them, under their reference names, each once however many the steps', async () => {
    const { model, fixture } = await reference('edm_ddpmpp_cond');
    const { json, host } = fixture;
    const { path } = await exportOnnx(file('filters.onnx'), model, { times: [80, 5, 1] });
    const { weights } = parseOnnx(readFileSync(path));
    const filters = model.denoiser.parameters.filter(({ shape }) => shape.length === 4 && shape[0] === 3);
    assert.ok(filters.length > 10);
    for (const { name } of filters) {
      const { shape, data } = host(`state/${name}`);
      assert.deepEqual(weights[name], { dims: shape, data }, name);
    }
    const floats = Object.values(weights).reduce((sum, { data }) => sum + (data?.length ?? 0), 0);
    const parameters = json.num_parameters as number;
    assert.ok(floats >= parameters && floats < 1.05 * parameters, `${floats} floats for ${parameters} parameters`);
  });

  test('says what it is: inputs with a free batch, times, layout, range, configuration, and what the caller adds', async () => {
    const model = modelOf(tinyImageNet());
    const generator = await exportOnnx(file('g.onnx'), model, { metadata: { source: 'a test', kind: 'other' } });
    const { inputs, outputs, metadata } = parseOnnx(readFileSync(generator.path));
    assert.deepEqual(inputs, { x: ['batch', 8, 8, 1], sigma: ['batch'], labels: ['batch', 3] });
    assert.deepEqual(outputs, { xHat: ['batch', 8, 8, 1] });
    assert.deepEqual(metadata, generator.metadata);
    assert.equal(generator.bytes, readFileSync(generator.path).length);
    const { version } = JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8')) as { version: string };
    const { samplingTimes, config, inputs: told, output, ...rest } = metadata;
    assert.deepEqual(rest, {
      format: 'cosim-onnx-1', kind: 'generator', library: `cosim ${version}`, sampleShape: '[8,8,1]', layout: 'NHWC', classes: '3',
      batch: 'any', range: '[-1, 1], not clipped', pixels: 'uint8 = clip(round((x + 1) * 127.5), 0, 255)', source: 'a test',
    }); // prettier-ignore
    assert.deepEqual(JSON.parse(config), model.denoiser.config);
    assert.deepEqual((JSON.parse(samplingTimes) as Record<number, number[]>)[2], [16.78, 1.382]);
    assert.deepEqual(Object.keys(JSON.parse(told) as object), ['x', 'sigma', 'labels']);
    assert.match(output, /^xHat/);

    const own = await exportOnnx(file('own.onnx'), { ...model, times: { 2: [40, 5] } });
    const { 2: two, 4: four } = JSON.parse(own.metadata.samplingTimes) as Record<number, number[]>;
    assert.deepEqual(
      [two, four[0]],
      [[40, 5], 80],
      "a generator's own times, and the standard ones for other numbers of steps",
    );
    const sampler = await exportOnnx(file('s.onnx'), modelOf(tinyMlp()), { times: [80, 2], batch: 5 });
    const second = parseOnnx(readFileSync(sampler.path));
    assert.deepEqual([second.inputs, second.outputs], [{ noise: [2, 5, 2] }, { samples: [5, 2] }]);
    const { kind, times, batch, layout, pixels } = second.metadata;
    assert.deepEqual([kind, times, batch, layout, pixels], ['sampler', '[80,2]', '5', 'ND', undefined]);
  });

  test('is byte for byte the same when written again', async () => {
    const model = modelOf(tinyImageNet());
    const bytes = async (): Promise<Buffer> => readFileSync((await exportOnnx(file('same.onnx'), model)).path);
    assert.deepEqual(await bytes(), await bytes());
  });

  test('is compared with the model by checkExport, which sees a changed weight', async () => {
    const model = modelOf(tinyImageNet());
    const { path } = await exportOnnx(file('checked.onnx'), model, { times: [80, 1] });
    assert.ok((await checkExport(path, model)).difference < 5e-6);
    const name = 'model.enc.8x8_conv.weight';
    const changed = { ...model.parameters, [name]: tf.mul(model.parameters[name], 1.01) };
    assert.ok((await checkExport(path, { ...model, parameters: changed })).difference > 1e-4);
  });
});

/** A denoiser of points with an operation of the test's own inside. */
const denoiserWith = (operation: (x: tf.Tensor) => tf.Tensor): Denoiser => {
  const denoiser = tinyMlp();
  return { ...denoiser, denoise: (p, x, sigma, input) => operation(denoiser.denoise(p, x, sigma, input)) };
};

describe('what cannot be exported', () => {
  test('a function of the whole batch gets a fixed batch size, with the reason', async () => {
    const { denoiser, parameters } = modelOf(denoiserWith(y => tf.sub(y, tf.mean(y, 0))));
    const { batch, reason, inputs, path } = await exportOnnx(file('fixed.onnx'), { denoiser, parameters });
    assert.deepEqual([batch, inputs], [1, { x: [1, 2], sigma: [1] }]);
    assert.match(reason ?? '', /depends on the batch size/);
    const four = await exportOnnx(path, { denoiser, parameters }, { batch: 4 });
    assert.deepEqual([four.batch, four.reason], [4, undefined]);
    assert.ok((await checkExport(path, { denoiser, parameters })).difference < 5e-6);
  });

  test('bad arguments, an auxiliary, chance inside, more than 2 GB: a clear error, and no file', async () => {
    const empty = mkdtempSync(file('empty-'));
    const path = join(empty, 'x.onnx');
    const model = modelOf(tinyMlp());
    const auxiliary = modelOf(auxiliaryOf(tinyMlp()));
    const chance = modelOf(denoiserWith(y => tf.add(y, tf.randomNormal([1, 2]))));
    const huge = { denoiser: edmDenoiser(ddpmpp({ modelChannels: 640 })), parameters: {} };
    const attempts: [() => Promise<unknown>, RegExp][] = [
      [() => exportOnnx(path, model, { batch: 0 }), /exportOnnx: batch must be an integer from 1, got 0/],
      [() => exportOnnx(path, model, { dynamic: true } as object), /unknown option 'dynamic'/],
      [() => exportOnnx(path, model, { metadata: { n: 1 } } as object), /metadata\.n must be a text, got 1/],
      [() => exportOnnx(path, model, { times: [] }), /exportOnnx: times must be at least one noise level/],
      [() => exportOnnx(path, model, { times: [1, 2] }), /exportOnnx: times must be decreasing, got \[1,2\]/],
      [() => exportOnnx(path, { ...model, parameters: {} }), /exportOnnx: parameters do not fit .* missing/],
      [() => exportOnnx(path, auxiliary), /exportOnnx: model must be a generator .* got an auxiliary/],
      [() => exportOnnx(path, chance), /chance or a clock inside/],
      [() => exportOnnx(path, huge), /parameters must be less than 2 GB .* got '\d\.\d GB'/],
      [() => exportOnnx(join(empty, 'no', 'x.onnx'), model), /ENOENT/],
    ];
    for (const [attempt, message] of attempts) {
      await assert.rejects(attempt, message);
      assert.deepEqual(readdirSync(empty), [], String(message));
    }
    await assert.rejects(checkExport(join(__dirname, 'export.test.ts'), model), /export.test.ts was not exported/);
  });
});
