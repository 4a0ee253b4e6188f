/* The notebooks at the paper's scale read files: here the same kinds of files, as small as can be, in the real kernel. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { executeNotebook } from '../../scripts/notebook/execute';
import { findNotebooks, readNotebook } from '../../scripts/notebook/notebook-file';
import { runProblems } from '../../scripts/notebook/verdict';
import { notebooksFolder } from '../../scripts/project';
import { type PaperFiles, writePaperFiles } from '../tasks/paper-files';
import { temporaryFolder } from '../temporary-folder';

const file = temporaryFolder();
let files: PaperFiles;
before(async () => {
  files = await writePaperFiles(file('paper'));
});

const features = (): string[] => [files.first, files.second];
const run = { rounds: 2, beta2: 0.99, eps: 1e-12, batch: 4 };
const onImages = () => ({
  ...run,
  teacher: files.unconditional,
  data: files.data,
  features: features(),
  reference: 40,
});
const conditional = () => ({
  ...run,
  teacher: files.conditional,
  data: files.data,
  others: files.others,
  features: features(),
  reference: 60,
  dropout: 0.1,
  R: 8,
});
const points = { pointsImages: [64], pointsN: 100 };

const RUNS: Readonly<Record<string, () => object>> = {
  '02': () => ({ ...conditional(), images: 8, n: 20, labels: [0, 1, 2, 3, 4], evaluations: [3, 5] }),
  '03': () => ({
    ...run,
    ...points,
    teacher: files.edm2,
    data: files.latents,
    real: files.data,
    autoencoder: files.decoder,
    features: [files.first],
    reference: 40,
    dropout: 0.1,
    imageCoefs: [0.5, 1],
    images: [4, 8],
    n: 16,
  }),
  '05': () => ({
    ...onImages(),
    ...points,
    pointsSlow: [64],
    pointsMethods: ['cosim', 'hsivi'],
    evaluations: [1, 3],
    methods: ['cosim', 'sid', 'hsivi', 'moments4'],
    images: [8],
    slowImages: [4],
    n: 20,
  }),
  '06': () => ({
    ...conditional(),
    images: 8,
    n: 20,
    evaluations: [3],
    rows: 1,
    seeds: [0],
    classifier: files.first,
    classes: [0, 2, 3],
    perClass: 4,
  }),
  '07': () => ({
    teachers: [files.edm2, files.edm2],
    guide: files.edm2,
    dropout: [0, 0.1],
    data: files.latents,
    real: files.data,
    autoencoder: files.decoder,
    features: features(),
    reference: 40,
    n: 16,
  }),
  '09': () => ({ ...onImages(), images: 8, n: 20, searchN: 20, steps: [2, 6], seeds: [0], pointsImages: 64 }),
};

for (const [name, params] of Object.entries(RUNS))
  test(`notebook ${name} with files of the paper's kinds`, async () => {
    const [path] = findNotebooks(notebooksFolder, [name]);
    const notebook = readNotebook(path);
    const environment = { COSIM_PRESET: 'smoke', COSIM_PARAMS: JSON.stringify(params()) };
    const execution = await executeNotebook(path, notebook, { environment, limit: 300 });
    assert.deepEqual(runProblems(notebook, execution), []);
  });
