// What is damaged and who reads it: for each kind of file some good ones, and the reader that must refuse or read them.
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readCheckpoint } from '../../src/checkpoints';
import { onnxMetadata, readNetwork } from '../../src/compute/onnx';
import { type Dataset, openDataset } from '../../src/datasets';
import { loadStatistics } from '../../src/metrics';
import { readRunJson } from '../../src/training';
import { root } from '../project';

/** A kind of file. */
export type FileKind = {
  /** Undamaged files. */
  good: readonly Buffer[];
  /** Writes a damaged one into an empty folder and reads it, as a user's would be read. */
  read: (bytes: Buffer, folder: string) => Promise<void>;
};

const golden = (name: string): Buffer => readFileSync(join(root, 'test', 'golden', 'ckpt', name));
const picture = (name: string): Buffer => readFileSync(join(root, 'test', 'fixtures', 'datasets', name));

const put = async (folder: string, name: string, bytes: Uint8Array): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
};

/** Reads the first samples; labels and samples must be what the data set says they are. */
const readSamples = async (opening: Promise<Dataset>): Promise<void> => {
  const dataset = await opening;
  try {
    const most = Math.min(4, dataset.length ?? 4);
    const { x, labels } = await dataset.batch(Array.from({ length: most }, (_, i) => i));
    if (![...x].every(value => Number.isFinite(value))) throw new Error('samples that are not finite were read');
    for (const label of labels ?? [])
      if (!(Number.isInteger(label) && label >= 0 && label < Math.max(1, dataset.classes)))
        throw new Error(`the label ${label} of ${dataset.classes} classes was read`);
  } finally {
    await dataset.close?.();
  }
};

const checkpoint = (ending: string, names: readonly string[]): FileKind => ({
  good: names.map(golden),
  read: async (bytes, folder) => {
    await readCheckpoint(await put(folder, `weights.${ending}`, bytes), { floats: 'F32' });
  },
});

const sampled = (name: string, good: readonly Buffer[], beside: Record<string, Buffer> = {}): FileKind => ({
  good,
  read: async (bytes, folder) => {
    for (const [other, content] of Object.entries(beside)) await put(folder, other, content);
    const path = await put(folder, name, bytes);
    await readSamples(openDataset(name.endsWith('.zip') ? path : folder));
  },
});

const big = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => bytes.writeUInt32BE(value, 4 * i));
  return bytes;
};

const pixels = (count: number): Buffer => Buffer.from(Array.from({ length: count }, (_, i) => (37 * i) % 256));

const idxImages = Buffer.concat([big(0x803, 4, 28, 28), pixels(4 * 784)]);
const idxLabels = Buffer.concat([big(0x801, 4), Buffer.of(3, 1, 4, 1)]);
const cifarBatch = Buffer.concat([3, 1, 4, 1].map(label => Buffer.concat([Buffer.of(label), pixels(3072)])));

/** Statistics of three features as numpy.savez writes them. */
const npz = async (): Promise<Buffer> => {
  const { npzPieces } = await import('../../src/metrics/npz');
  const sigma = Float64Array.of(2, 0, 0, 0, 2, 0, 0, 0, 2);
  const arrays = { mu: { data: Float64Array.of(1, 2, 3), shape: [3] }, sigma: { data: sigma, shape: [3, 3] } };
  return Buffer.concat(await npzPieces(arrays));
};

const runFolder = join(root, 'test', 'fixtures', 'old-runs', 'cosim-eager', 'step-3', '00000003');

/** Every kind of file that is read from others. */
export const fileKinds = async (): Promise<Record<string, FileKind>> => ({
  pickle: checkpoint('pkl', [
    'mixed.pickle.pkl',
    'mixed.legacy.pt',
    ...[0, 2, 5].map(p => `protocols/snapshot.proto${p}.pkl`),
  ]),
  'torch zip': checkpoint('pt', ['state_dict.pt', 'mixed.pt']),
  safetensors: checkpoint('safetensors', ['state_dict.safetensors', 'mixed.expected.safetensors']),
  npz: {
    good: [await npz()],
    read: async (bytes, folder) => void (await loadStatistics(await put(folder, 'reference.npz', bytes))),
  },
  'idx images': sampled('train-images-idx3-ubyte', [idxImages], { 'train-labels-idx1-ubyte': idxLabels }),
  'idx labels': sampled('train-labels-idx1-ubyte', [idxLabels], { 'train-images-idx3-ubyte': idxImages }),
  'CIFAR-10': sampled('data_batch_1.bin', [cifarBatch]),
  JPEG: sampled('picture.jpg', [picture('colour.jpg'), picture('grey.jpg')]),
  'zip of pictures': sampled('pictures.zip', [picture('edm.zip'), picture('edm2.zip')]),
  ONNX: {
    good: ['digit-decoder.onnx', 'digit-encoder.onnx'].map(name => readFileSync(join(root, 'data', 'teachers', name))),
    read: async (bytes, folder) => {
      const { bytes: network } = await readNetwork(await put(folder, 'network.onnx', bytes));
      try {
        onnxMetadata(network);
      } catch (error) {
        if (error instanceof RangeError && error.message.includes('call stack')) throw error;
      }
    },
  },
  'run.json': {
    good: [readFileSync(join(runFolder, 'run.json'))],
    read: async (bytes, folder) => {
      await mkdir(join(folder, 'run'), { recursive: true });
      await put(join(folder, 'run'), 'run.json', bytes);
      await readRunJson(join(folder, 'run'));
    },
  },
});
