/* The files that a run at the paper's scale is given, of the same formats and as small as can be. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { normal } from '../../src/compute/noise';
import { OnnxBuilder } from '../../src/compute/onnx/onnx-builder';
import { encodeOnnx } from '../../src/compute/onnx/onnx-file';
import { edmName, noise, npyOf, pngOf, zipOf } from '../datasets/files';
import { goldenFolder } from '../golden';
import { declared, writeNetwork } from '../features/feature-files';

const SIDE = 8;
const SIZE = SIDE * SIDE * 3;
export const CLASSES = 5;

/** An EDM data set of `n` pictures of noise 8 x 8, classes going round. */
const writeZip = async (path: string, n: number, from: number): Promise<void> => {
  const pngs = Array.from({ length: n }, (_, i) => pngOf(noise(SIZE, from + i), SIDE, SIDE, 3));
  const labels = pngs.map((_, i) => [edmName(i), i % CLASSES]);
  const files = (await Promise.all(pngs)).map((png, i) => [edmName(i), png] as const);
  writeFileSync(path, await zipOf([...files, ['dataset.json', JSON.stringify({ labels })]]));
};

const SMALL = { resize: { kernel: 'pil-bicubic', size: SIDE } } as const;

/** A network of one matrix: d features, and logits of the classes from others of its columns. */
const writeFeatures = (path: string, name: string, d: number, sample: number): void => {
  const matrix = (columns: number, k: number) =>
    normal({ seed: 1, stream: 'paper files', sample, step: k }, SIZE * columns).map(v => v / 128);
  writeNetwork(path, {
    shape: ['n', SIDE, SIDE, 3], // larger images are made so small first
    outputs: { features: ['n', d], logits: ['n', CLASSES] },
    build: (x, graph) => {
      const rows = graph.add('Reshape', [x, graph.integers([0, -1])]);
      const times = (columns: number, k: number): string =>
        graph.add('MatMul', [rows, graph.constant(matrix(columns, k), [SIZE, columns], 'float32')]);
      return { features: times(d, 0), logits: times(CLASSES, 1) };
    },
  });
  writeFileSync(
    `${path}.json`,
    JSON.stringify(declared(SMALL, { name, d, classes: CLASSES, features: 'features', logits: 'logits' })),
  );
};

/** EDM2's latents 8 x 8 x 4 of `n` images: means and deviations. */
const writeLatents = async (path: string, n: number): Promise<void> => {
  const moments = (sample: number): Float32Array => {
    const values = normal({ seed: 2, stream: 'paper files', sample }, 8 * SIDE * SIDE);
    return values.map((v, i) => (i < 4 * SIDE * SIDE ? 5 * v : 0.1));
  };
  const names = Array.from({ length: n }, (_, i) => edmName(i, 'img-mean-std-', 'npy'));
  const labels = names.map((name, i) => [name, i % CLASSES]);
  const files = names.map((name, i) => [name, npyOf(moments(i), [8, SIDE, SIDE])] as const);
  writeFileSync(path, await zipOf([...files, ['dataset.json', JSON.stringify({ labels })]]));
};

/** A decoder laid out as Stable Diffusion's: the first three channels / 10, every pixel as a block of 8 x 8. */
const writeDecoder = (path: string): void => {
  const graph = new OnnxBuilder();
  const three = graph.add('Slice', ['latents', graph.integers([0]), graph.integers([3]), graph.integers([1])]);
  const scales = graph.constant(Float32Array.of(1, 1, 8, 8), [4], 'float32');
  const large = graph.add('Resize', [three, '', scales], { mode: 'nearest' });
  graph.name(graph.add('Div', [large, graph.float(10)]), 'images');
  const bytes = encodeOnnx({
    nodes: graph.nodes,
    initializers: graph.initializers(),
    inputs: [{ name: 'latents', type: 'float32', shape: ['n', 4, 'h', 'w'] }],
    outputs: [{ name: 'images', type: 'float32', shape: ['n', 3, 'H', 'W'] }],
  });
  writeFileSync(path, bytes);
};

export type PaperFiles = {
  unconditional: string; // EDM's DDPM++ with its VP preconditioning, as of CIFAR-10
  conditional: string; // EDM's ADM, as of ImageNet-64
  data: string;
  others: string;
  edm2: string; // EDM2's network on latents, as of ImageNet-512
  latents: string;
  decoder: string;
  first: string; // feature networks
  second: string;
};

/** Writes them into a folder, which may not be there yet. The teachers are the reference's own files. */
export const writePaperFiles = async (folder: string): Promise<PaperFiles> => {
  mkdirSync(folder, { recursive: true });
  const names = ['data.zip', 'others.zip', 'latents.zip', 'decoder.onnx', 'first.onnx', 'second.onnx'];
  const [data, others, latents, decoder, first, second] = names.map(name => join(folder, name));
  await writeZip(data, 60, 0);
  await writeZip(others, 30, 1000);
  await writeLatents(latents, 60);
  writeDecoder(decoder);
  writeFeatures(first, 'first', 4, 0);
  writeFeatures(second, 'second', 3, 1);
  const [unconditional, conditional, edm2] = ['edm_ddpmpp', 'edm_adm', 'edm2_fp16'].map(name =>
    join(goldenFolder, 'ckpt', `${name}.nosrc.pkl`),
  );
  return { unconditional, conditional, data, others, edm2, latents, decoder, first, second };
};
