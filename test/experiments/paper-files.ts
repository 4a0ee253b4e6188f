/* The files that a run at the paper's scale is given, of the same formats and as small as can be. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { normal } from '../../src/compute/noise';
import { edmName, noise, pngOf, zipOf } from '../datasets/files';
import { goldenFolder } from '../golden';
import { declared, writeNetwork } from '../metrics/feature-files';

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

/** A network of one matrix: d features, and logits of the classes from others of its columns. */
const writeFeatures = (path: string, name: string, d: number, sample: number): void => {
  const matrix = (columns: number, k: number) =>
    normal({ seed: 1, stream: 'paper files', sample, step: k }, SIZE * columns).map(v => v / 128);
  writeNetwork(path, {
    shape: ['n', SIDE, SIDE, 3],
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
    JSON.stringify(declared({}, { name, d, classes: CLASSES, features: 'features', logits: 'logits' })),
  );
};

export type PaperFiles = {
  unconditional: string; // EDM's DDPM++ with its VP preconditioning, as of CIFAR-10
  conditional: string; // EDM's ADM, as of ImageNet-64
  data: string;
  others: string;
  first: string; // feature networks
  second: string;
};

/** Writes them into a folder, which may not be there yet. The teachers are the reference's own files. */
export const writePaperFiles = async (folder: string): Promise<PaperFiles> => {
  mkdirSync(folder, { recursive: true });
  const [data, others, first, second] = ['data.zip', 'others.zip', 'first.onnx', 'second.onnx'].map(name =>
    join(folder, name),
  );
  await writeZip(data, 60, 0);
  await writeZip(others, 30, 1000);
  writeFeatures(first, 'first', 4, 0);
  writeFeatures(second, 'second', 3, 1);
  const [unconditional, conditional] = ['edm_ddpmpp.nosrc.pkl', 'edm_adm.nosrc.pkl'].map(name =>
    join(goldenFolder, 'ckpt', name),
  );
  return { unconditional, conditional, data, others, first, second };
};
