import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { normal } from '../../src/compute/noise';
import { factorise, mixtureAt } from '../../src/diffusion/gaussian-mixture';
import { auxiliaryOf, ddpmpp, type Denoiser, edmDenoiser, mixtureDenoiser, type Model } from '../../src/networks';
import { checkExport, exportGenerator, exportSampler, sampleMultistep } from '../../src/samplers';
import { assertAllClose } from '../close';
import { golden, goldenDenoiser } from '../golden';
import { parseOnnx } from '../onnx-file';
import { tinyImageNet, tinyMlp, twoModes } from '../tiny';

const folder = mkdtempSync(join(tmpdir(), 'cosim-export-'));
const file = (name: string): string => join(folder, name);

before(() => selectBackend({ backend: 'wasm' }));
after(() => {
  rmSync(folder, { recursive: true });
});

/** Parameters that matter, each: a fresh network's last layers are almost zero. */
const modelOf = (denoiser: Denoiser): Model => {
  const draws = denoiser.parameters.map(({ name, shape }): [string, tf.Tensor] => {
    const size = shape.reduce((a, b) => a * b, 1);
    const z = normal({ seed: 0, stream: name }, size);
    return [name, tf.tensor(shape.length > 1 ? z.map(v => (v * 2) / Math.sqrt(size / shape[shape.length - 1])) : z, [...shape])]; // prettier-ignore
  });
  return { denoiser, parameters: Object.fromEntries(draws) };
};

type HostArray = { data: Float32Array; shape: number[] };

/** A file in ONNX Runtime, as one has it who has only the file: from its inputs to its single output. */
const openFile = async (path: string) => {
  const session = await InferenceSession.create(path);
  return async (feeds: Record<string, HostArray>): Promise<HostArray> => {
    const tensors = Object.entries(feeds).map(
      ([name, { data, shape }]) => [name, new Tensor('float32', data, shape)] as const,
    );
    const [result] = Object.values(await session.run(Object.fromEntries(tensors)));
    return { data: result.data as Float32Array, shape: [...result.dims] };
  };
};

const oneHot = (labels: readonly number[], classes: number): HostArray => {
  const data = new Float32Array(labels.length * classes);
  labels.forEach((label, i) => (data[i * classes + label] = 1));
  return { data, shape: [labels.length, classes] };
};

/** Noise as `sampleMultistep` draws it: step k of seed s. */
const samplerNoise = (seeds: readonly number[], K: number, shape: readonly number[]): HostArray => {
  const size = shape.reduce((a, b) => a * b);
  const rows = Array.from({ length: K }, (_, step) => seeds.map(seed => normal({ seed, stream: 'sampler', step }, size))); // prettier-ignore
  return { data: Float32Array.from(rows.flat().flatMap(row => [...row])), shape: [K, seeds.length, ...shape] };
};

const NETWORKS: [string, () => Denoiser][] = [
  ['the MLP', tinyMlp],
  ['a conditional DDPM++', tinyImageNet],
];

for (const [name, make] of NETWORKS)
  describe(`export of ${name}`, () => {
    test('the generator gives the denoiser’s result for 1, 3 and 8 samples from one file', async () => {
      const model = modelOf(make());
      const { denoiser, parameters } = model;
      const { sampleShape, classes } = denoiser;
      const report = await exportGenerator(file('generator.onnx'), model);
      assert.equal(report.batch, 'any');
      const run = await openFile(report.path);
      for (const n of [1, 3, 8]) {
        const sigma = Float32Array.from({ length: n }, (_, i) => [0.05, 1.5, 80][i % 3]);
        const labels = sigma.map((_, i) => i % Math.max(classes, 1));
        const size = sampleShape.reduce((a, b) => a * b);
        const x = normal({ seed: n, stream: 'x' }, n * size).map((z, i) => z * (0.5 + sigma[Math.floor(i / size)]));
        const rows = classes > 0 ? oneHot([...labels], classes) : undefined;
        const result = await run({
          x: { data: x, shape: [n, ...sampleShape] },
          sigma: { data: sigma, shape: [n] },
          ...(rows && { labels: rows }),
        });
        const condition = rows && { labels: tf.tensor(rows.data, rows.shape) };
        const ours = denoiser.denoise(parameters, tf.tensor(x, [n, ...sampleShape]), tf.tensor1d(sigma), condition);
        assert.deepEqual(result.shape, ours.shape);
        assertAllClose(result.data, await ours.data(), 2e-6);
      }
    });

    for (const times of [
      [16.78, 1.382],
      [80, 16.78, 2.24, 0.131],
    ])
      // prettier-ignore
      test(`the ${times.length}-step sampler gives sampleMultistep's samples from its noise`, async () => {
        const model = modelOf(make());
        const { sampleShape, classes } = model.denoiser;
        const { path, batch, inputs } = await exportSampler(file('sampler.onnx'), model, { times });
        assert.equal(batch, 'any');
        assert.deepEqual(inputs.noise, [times.length, 'batch', ...sampleShape]);
        const run = await openFile(path);
        for (const n of [1, 3, 8]) {
          const seeds = Array.from({ length: n }, (_, i) => 40 + i);
          const labels = classes > 0 ? seeds.map(seed => seed % classes) : undefined;
          const { data } = await sampleMultistep({ ...model, times, seeds, labels });
          const result = await run({
            noise: samplerNoise(seeds, times.length, sampleShape),
            ...(labels && { labels: oneHot(labels, classes) }),
          });
          assert.deepEqual(result.shape, [n, ...sampleShape]);
          assertAllClose(result.data, data, 5e-6);
        }
      });
  });

describe('export against other oracles', () => {
  test('the file of a conditional DDPM++ gives PyTorch’s output', async () => {
    const { json, state, tensor } = await golden('net/edm_ddpmpp_cond');
    const denoiser = goldenDenoiser(json.kwargs);
    const model = { denoiser, parameters: state('state/') };
    const { path } = await exportGenerator(file('golden.onnx'), model);
    const feed = async (t: tf.Tensor) => ({ data: (await t.data()) as Float32Array, shape: t.shape });
    const result = await (
      await openFile(path)
    )({
      x: await feed(tensor('in/x')),
      sigma: await feed(tf.reshape(tensor('in/sigma'), [-1])),
      labels: await feed(tensor('in/class_labels')),
    });
    assertAllClose(result.data, await tensor('out/D_x').data(), 1e-5);
  });

  test('the file of an exact mixture gives the posterior mean in closed form', async () => {
    const { path, batch } = await exportGenerator(file('mixture.onnx'), mixtureDenoiser(twoModes));
    assert.equal(batch, 'any');
    const points = [[0.2, -0.3], [-1, 1.5], [3, 0.1]]; // prettier-ignore
    const sigma = [0.1, 0.7, 5];
    const result = await (
      await openFile(path)
    )({
      x: { data: Float32Array.from(points.flat()), shape: [3, 2] },
      sigma: { data: Float32Array.from(sigma), shape: [3] },
    });
    const exact = points.flatMap((x, i) => [...mixtureAt(factorise(twoModes), x, sigma[i]).denoised]);
    assertAllClose(result.data, exact, 1e-5);
  });
});

describe('an exported file', () => {
  /** Every operation that the files consist of; all of them are standard ONNX. */
  const STANDARD = new Set(['Add', 'Concat', 'Conv', 'Cos', 'Div', 'Expand', 'Gemm', 'Identity', 'Log', 'MatMul', 'Mul', 'Reciprocal', 'ReduceSum', 'Reshape', 'Shape', 'Sigmoid', 'Sin', 'Slice', 'Softmax', 'Split', 'Sqrt', 'Sub', 'Transpose']); // prettier-ignore

  test('holds standard operators of opset 18 only, and no operation that only rearranges a weight', async () => {
    for (const [, make] of NETWORKS) {
      const { path } = await exportSampler(file('standard.onnx'), modelOf(make()), { times: [80, 1] });
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
    const { json, state, host } = await golden('net/edm_ddpmpp_cond');
    const model = { denoiser: goldenDenoiser(json.kwargs), parameters: state('state/') };
    const { path } = await exportSampler(file('filters.onnx'), model, { times: [80, 5, 1] });
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
    const generator = await exportGenerator(file('g.onnx'), model, { metadata: { source: 'a test', kind: 'other' } });
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

    const sampler = await exportSampler(file('s.onnx'), modelOf(tinyMlp()), { times: [80, 2], batch: 5 });
    const second = parseOnnx(readFileSync(sampler.path));
    assert.deepEqual([second.inputs, second.outputs], [{ noise: [2, 5, 2] }, { samples: [5, 2] }]);
    const { kind, times, batch, layout, pixels } = second.metadata;
    assert.deepEqual([kind, times, batch, layout, pixels], ['sampler', '[80,2]', '5', 'ND', undefined]);
  });

  test('is byte for byte the same when written again', async () => {
    const model = modelOf(tinyImageNet());
    const bytes = async (): Promise<Buffer> => readFileSync((await exportGenerator(file('same.onnx'), model)).path);
    assert.deepEqual(await bytes(), await bytes());
  });

  test('is compared with the model by checkExport, which sees a changed weight', async () => {
    const model = modelOf(tinyImageNet());
    const { path } = await exportSampler(file('checked.onnx'), model, { times: [80, 1] });
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
    const { batch, reason, inputs, path } = await exportGenerator(file('fixed.onnx'), { denoiser, parameters });
    assert.deepEqual([batch, inputs], [1, { x: [1, 2], sigma: [1] }]);
    assert.match(reason ?? '', /depends on the batch size/);
    const four = await exportGenerator(path, { denoiser, parameters }, { batch: 4 });
    assert.deepEqual([four.batch, four.reason], [4, undefined]);
    assert.ok((await checkExport(path, { denoiser, parameters })).difference < 5e-6);
  });

  test('bad arguments, an auxiliary, chance inside, more than 2 GB: a clear error, and no file', async () => {
    const empty = mkdtempSync(join(folder, 'empty-'));
    const path = join(empty, 'x.onnx');
    const model = modelOf(tinyMlp());
    const auxiliary = modelOf(auxiliaryOf(tinyMlp()));
    const chance = modelOf(denoiserWith(y => tf.add(y, tf.randomNormal([1, 2]))));
    const huge = { denoiser: edmDenoiser(ddpmpp({ modelChannels: 640 })), parameters: {} };
    const attempts: [() => Promise<unknown>, RegExp][] = [
      [() => exportGenerator(path, model, { batch: 0 }), /exportGenerator: batch must be an integer from 1, got 0/],
      [() => exportGenerator(path, model, { dynamic: true } as object), /unknown option 'dynamic'/],
      [() => exportSampler(path, model, { times: [] }), /exportSampler: times must be at least one noise level/],
      [() => exportSampler(path, model, { times: [1, 2] }), /exportSampler: times must be decreasing, got \[1,2\]/],
      [() => exportGenerator(path, { ...model, parameters: {} }), /exportGenerator: parameters do not fit .* missing/],
      [() => exportGenerator(path, auxiliary), /exportGenerator: model must be a generator .* got an auxiliary/],
      [() => exportGenerator(path, chance), /chance or a clock inside/],
      [() => exportGenerator(path, huge), /parameters must be less than 2 GB .* got '\d\.\d GB'/],
      [() => exportGenerator(join(empty, 'no', 'x.onnx'), model), /ENOENT/],
    ];
    for (const [attempt, message] of attempts) {
      await assert.rejects(attempt, message);
      assert.deepEqual(readdirSync(empty), [], String(message));
    }
    await assert.rejects(checkExport(join(__dirname, 'export.test.ts'), model), /export.test.ts was not exported/);
  });
});
