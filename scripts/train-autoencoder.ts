/* npm run teacher -- autoencoder: trains the autoencoder of drawn digits and writes it, as weights and as ONNX, with its card. */
import type { Samples } from '../src/compute/host-arrays';
import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { dispose } from '@tensorflow/tfjs-core';
import { writeFileAtomic } from '../src/checkpoints';
import { selectBackend } from '../src/compute/backend';
import { type AutoencoderUnits, digits, indexRange, networkUnits } from '../src/datasets';
import { loadFeatures } from '../src/evaluation';
import { featureImages } from '../src/evaluation/image-bytes';
import { provenance, type Provenance } from '../src/figures/provenance';
import { classification, featureStatistics, frechetDistance } from '../src/metrics';
import {
  AUTOENCODER,
  AUTOENCODER_ADAM,
  AUTOENCODER_FILES,
  autoencoderOnBackend,
  saveAutoencoder,
  trainAutoencoder,
} from '../src/models';
import { digitAutoencoder, parameterCount, type Tensors } from '../src/networks';

const { imageShape, latentShape } = digitAutoencoder;
const UNITS_FROM = 10_000; // training digits that the latents' means and deviations are taken over
const TEST = 2_000;
const RAW: AutoencoderUnits = { mean: [0, 0, 0, 0], deviation: [0.5, 0.5, 0.5, 0.5], range: '[-1, 1]' }; // changes nothing

const drawn = async (split: 'train' | 'test', first: number, n: number): Promise<Samples & { labels: Int32Array }> => {
  const { x, labels } = await digits({ seed: AUTOENCODER.seed, split, resolution: imageShape[0] }).batch(
    indexRange(n, first),
  );
  return { data: networkUnits(x), n, shape: imageShape, labels };
};

/** Mean and deviation of each channel of the raw latents. */
const measureUnits = async (parameters: Tensors): Promise<{ mean: number[]; deviation: number[] }> => {
  const { encode } = autoencoderOnBackend(parameters, RAW, {});
  const { data } = await encode!(await drawn('train', 0, UNITS_FROM));
  const channels = latentShape[2];
  const values = Array.from({ length: channels }, (_, c) => [...data.filter((_v, i) => i % channels === c)]);
  const exact = values.map(own => {
    const mean = own.reduce((a, b) => a + b, 0) / own.length;
    return { mean, deviation: Math.sqrt(own.reduce((a, b) => a + (b - mean) ** 2, 0) / own.length) };
  });
  const round = (value: number): number => Number(value.toPrecision(4));
  return { mean: exact.map(({ mean }) => round(mean)), deviation: exact.map(({ deviation }) => round(deviation)) };
};

/** Reconstruction error, and what the digit classifier makes of originals and reconstructions. */
const measureQuality = async (parameters: Tensors, units: { mean: number[]; deviation: number[] }) => {
  const { encode, decode } = autoencoderOnBackend(parameters, { ...units, range: '[-1, 1]' }, {});
  const classifier = await loadFeatures('digits');
  const classified = async (images: Samples, labels: Int32Array) => {
    const { features, logits } = await classifier.extract(featureImages(images));
    return { statistics: await featureStatistics(features), accuracy: classification(logits!, labels).accuracy };
  };
  const [test, others] = [await drawn('test', 0, TEST), await drawn('test', TEST, TEST)];
  const back = await decode(await encode!(test));
  const squares = test.data.reduce((sum, v, i) => sum + (v - back.data[i]) ** 2, 0);
  const [original, reconstructed, other] = [
    await classified(test, test.labels),
    await classified(back, test.labels),
    await classified(others, others.labels),
  ];
  await classifier.dispose();
  return {
    n: TEST,
    meanSquareError: squares / test.data.length,
    accuracyOfOriginals: original.accuracy,
    accuracyOfReconstructions: reconstructed.accuracy,
    frechetDistance: (await frechetDistance(reconstructed.statistics, original.statistics)).value,
    floor: (await frechetDistance(other.statistics, original.statistics)).value,
  };
};

const fileFacts = async (path: string) => {
  const bytes = await readFile(path);
  return { file: basename(path), bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
};

type Facts = {
  made: Provenance;
  seconds: number;
  latents: Awaited<ReturnType<typeof measureUnits>>;
  test: Awaited<ReturnType<typeof measureQuality>>;
};

const cardOf = async ({ made, seconds, latents, test }: Facts) => ({
  ...made,
  command: 'npm run teacher -- autoencoder',
  weights: await fileFacts(AUTOENCODER_FILES.weights),
  encoder: await fileFacts(AUTOENCODER_FILES.encoder),
  decoder: await fileFacts(AUTOENCODER_FILES.decoder),
  architecture: {
    summary:
      'encoder: 3x3 convolutions (16, 32, 32 channels) with 2x2 means after the first two, then one to 4 channels; decoder: 3x3 convolutions (32, 32, 32, 16) with 2x2 copies after the second and third, then one to the image; silu',
    parameters: parameterCount(digitAutoencoder.parameters),
    images: imageShape,
    latents: latentShape,
  },
  latents: {
    ...latents,
    over: `the first ${UNITS_FROM} drawn digits of the training split`,
    scaledTo: 'mean 0, deviation 0.5',
  },
  training: {
    data: `drawn digits 32x32x1, training split of seed ${AUTOENCODER.seed}, in order`,
    ...AUTOENCODER,
    ...AUTOENCODER_ADAM,
    schedule: 'half a cosine to 0',
    loss: 'mean square error + pull * mean square of the raw latents, noise added to the latents before they are decoded',
    seconds,
  },
  test: { data: `the first ${test.n} drawn digits of the test split of seed ${AUTOENCODER.seed}`, ...test },
});

type Card = Awaited<ReturnType<typeof cardOf>>;

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

const markdownOf = ({
  command,
  weights,
  encoder,
  decoder,
  architecture,
  latents,
  training,
  test,
  ...made
}: Card): string => `# Autoencoder of drawn digits

Images 32 x 32 x 1 in [-1, 1] to latents 8 x 8 x 4 and back, deterministic; it knows drawn digits only. Three files with
the same weights: safetensors for TensorFlow.js, and encoder and decoder as standard ONNX ([n, H, W, C], any n), which give
raw latents. Written by \`${command}\` from \`digit-autoencoder.json\`.

| | |
| --- | --- |
| architecture | ${architecture.summary} |
| parameters | ${architecture.parameters} |
| data | ${training.data} |
| training | ${training.images} images, each seen once, batches of ${training.batch}; ${training.loss} (noise ${training.noise}, pull ${training.pull}); Adam (${training.beta1}, ${training.beta2}), learning rate ${training.learningRate}, ${training.schedule} |
| seed | ${training.seed} |
| time | ${training.seconds} s on ${made.machine.cpu} (${made.machine.cores} cores, shared), ${made.backend}, Node ${made.node} |
| made | ${made.date.slice(0, 10)}, commit ${made.commit} |
| raw latents, by channel | mean ${latents.mean.join(', ')}; deviation ${latents.deviation.join(', ')} (over ${latents.over}); networks see them with ${latents.scaledTo} |
${[weights, encoder, decoder].map(({ file, bytes, sha256 }) => `| \`${file}\` | ${bytes} bytes, SHA-256 \`${sha256}\` |`).join('\n')}

On ${test.data}, images as they come back against the images themselves:

| | |
| --- | --- |
| mean square error, images in [-1, 1] | ${test.meanSquareError.toPrecision(3)} |
| digit classifier's accuracy (means of 2 x 2 pixels) | ${percent(test.accuracyOfReconstructions)}, on the originals ${percent(test.accuracyOfOriginals)} |
| Fréchet distance in its features | ${test.frechetDistance.toFixed(2)}, other real digits ${test.floor.toFixed(2)} |
`;

/** Trains, writes weights and ONNX files, tests what was trained, and writes the card as JSON and Markdown. */
export const makeAutoencoder = async (): Promise<void> => {
  const backend = await selectBackend();
  const made = provenance({ preset: 'autoencoder', seeds: [AUTOENCODER.seed] }); // before the files below change the tree
  console.log(`autoencoder on ${backend.name}: ${AUTOENCODER.images} images`);
  await mkdir(dirname(AUTOENCODER_FILES.card), { recursive: true });
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort(new Error('stopped; nothing was written')));
  const start = performance.now();
  const elapsed = (): number => Math.round((performance.now() - start) / 1000);
  const parameters = await trainAutoencoder({
    signal: stop.signal,
    onStep: ({ step, images, error, latent }) => {
      if (step % 50 === 0 || images === AUTOENCODER.images)
        console.log(
          `step ${step}  ${images} images  error ${error.toFixed(5)}  latents ${latent.toFixed(2)}  ${elapsed()} s`,
        );
    },
  });
  const seconds = elapsed();
  await saveAutoencoder(parameters);
  const latents = await measureUnits(parameters);
  const card = await cardOf({ made, seconds, latents, test: await measureQuality(parameters, latents) });
  await writeFileAtomic(AUTOENCODER_FILES.card, `${JSON.stringify(card, null, 1)}\n`);
  await writeFileAtomic(AUTOENCODER_FILES.card.replace(/json$/, 'md'), markdownOf(card));
  dispose(parameters);
  console.log(
    `mean square error ${card.test.meanSquareError.toFixed(5)} (n = ${card.test.n}); wrote its files and its card`,
  );
};
