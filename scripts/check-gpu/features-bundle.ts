/* What the features section of the check needs beside the program: the network, images, and their vectors by ONNX Runtime. */
import { cpus } from 'node:os';
import { basename, join } from 'node:path';
import { copyFile, writeFile } from 'node:fs/promises';
import { uniform } from '../../src/compute/noise';
import { KNOWN_FEATURES, onnxFeatures } from '../../src/features';
import { type ExpectedFeatures, FEATURES_SIDE } from './features-section';

const COUNT = 64;

/** Smooth pictures and noisy ones, the same every time. */
const pictures = (): Uint8Array => {
  const size = FEATURES_SIDE * FEATURES_SIDE * 3;
  const noise = uniform({ seed: 1, stream: 'pictures' }, COUNT * size);
  return Uint8Array.from({ length: COUNT * size }, (_, at) => {
    const [image, pixel, channel] = [Math.floor(at / size), Math.floor((at % size) / 3), at % 3];
    const [x, y] = [pixel % FEATURES_SIDE, Math.floor(pixel / FEATURES_SIDE)];
    const wave = Math.sin((image + 1) * 0.13 * x + channel) * Math.cos((image % 7) * 0.21 * y - channel);
    return Math.min(255, Math.max(0, Math.round(127 + 100 * wave + (image % 4) * 20 * (noise[at] - 0.5))));
  });
};

/** Writes `features.onnx` and `features.json` into the bundle. @param file an ONNX file that KNOWN_FEATURES declares */
export const writeFeatures = async (folder: string, file: string): Promise<void> => {
  const known = Object.values(KNOWN_FEATURES).find(one => one.file === basename(file));
  if (!known) throw new Error(`${file} is called like none of the known feature networks`);
  const extractor = await onnxFeatures(file, known.declaration);
  const data = pictures();
  const images = { data, n: COUNT, h: FEATURES_SIDE, w: FEATURES_SIDE, c: 3 };
  await extractor.extract(images);
  const started = performance.now();
  const { features } = await extractor.extract(images);
  const hostRate = COUNT / ((performance.now() - started) / 1000);
  await extractor.dispose();
  const expected: ExpectedFeatures = {
    preprocessing: known.declaration.preprocessing,
    output: [known.declaration.features ?? 'features'].flat()[0],
    d: features.d,
    images: Buffer.from(data).toString('base64'),
    features: Buffer.from(features.data.buffer).toString('base64'),
    hostRate,
    cpus: `${cpus().length} x ${cpus()[0].model}`,
  };
  await copyFile(file, join(folder, 'features.onnx'));
  await writeFile(join(folder, 'features.json'), JSON.stringify(expected));
};
