/* Small files in the formats of the published data sets. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { dump } from 'npyjs';
import sharp from 'sharp';
import { ZipFile } from 'yazl';

/** Bytes that differ from place to place and from image to image. */
export const noise = (count: number, seed = 0): Uint8Array =>
  Uint8Array.from({ length: count }, (_, i) => ((Math.imul(i + 1 + 7919 * seed, 2654435761) >>> 13) ^ i) & 255);

/** A number as four bytes, the most significant first. */
export const bigEndian = (value: number): number[] => [24, 16, 8, 0].map(shift => (value >>> shift) & 255);

/** idx files: bytes of images [n, side, side] and of labels [n]. */
export const idxFiles = (n: number, { side = 28, seed = 0 } = {}): { images: Uint8Array; labels: Uint8Array } => ({
  images: Uint8Array.from([0, 0, 8, 3, ...[n, side, side].flatMap(bigEndian), ...noise(n * side * side, seed)]),
  labels: Uint8Array.from([0, 0, 8, 1, ...bigEndian(n), ...Array.from({ length: n }, (_, i) => (3 * i) % 10)]),
});

/** Writes a folder of idx files as MNIST's. */
export const writeIdxFolder = (folder: string, n: number, { prefix = 'train', gz = false } = {}): void => {
  mkdirSync(folder, { recursive: true });
  const { images, labels } = idxFiles(n);
  for (const [name, bytes] of [
    ['images-idx3', images],
    ['labels-idx1', labels],
  ] as const)
    writeFileSync(join(folder, `${prefix}-${name}-ubyte${gz ? '.gz' : ''}`), gz ? gzipSync(bytes) : bytes);
};

/** `count` records of CIFAR-10's binary version: a label, then the planes R, G, B. */
export const cifarRecords = (count: number, seed = 0): Uint8Array => {
  const bytes = noise(count * 3073, seed);
  for (let i = 0; i < count; i++) bytes[i * 3073] = (i + seed) % 10;
  return bytes;
};

/** A PNG picture of bytes [h, w, c], c 1 to 4. */
export const pngOf = (data: Uint8Array, h: number, w: number, c: 1 | 2 | 3 | 4): Promise<Uint8Array> =>
  sharp(data, { raw: { width: w, height: h, channels: c } })
    .toColourspace(c < 3 ? 'b-w' : 'srgb')
    .png()
    .toBuffer();

/** A grey PNG picture of 4 x 4 pixels with sixteen bits each. */
export const png16 = async (): Promise<Uint8Array> => {
  const grey = sharp(noise(16), { raw: { width: 4, height: 4, channels: 1 } });
  return (await grey.toColourspace('grey16').png().toBuffer()) as Uint8Array;
};

/** `count` PNG pictures of [h, w, c]. */
export const pictures = (count: number, [h, w, c]: readonly [number, number, 1 | 3]): Promise<Uint8Array[]> =>
  Promise.all(Array.from({ length: count }, (_, i) => pngOf(noise(h * w * c, i), h, w, c)));

/** A zip file of these files, in this order; `compress`: by deflate. */
export const zipOf = async (
  files: readonly (readonly [name: string, bytes: Uint8Array | string])[],
  { compress = false } = {},
): Promise<Buffer> => {
  const zip = new ZipFile();
  for (const [name, bytes] of files) zip.addBuffer(Buffer.from(bytes), name, { compress, mtime: new Date(2024, 0, 1) });
  zip.end();
  return buffer(zip.outputStream);
};

/** The reference's name of image i. */
export const edmName = (i: number, name = 'img', end = 'png'): string => {
  const digits = String(i).padStart(8, '0');
  return `${digits.slice(0, 5)}/${name}${digits}.${end}`;
};

/** A npy file of float32 numbers, as numpy writes it. */
export const npyOf = (data: Float32Array, shape: readonly number[]): Uint8Array =>
  new Uint8Array(dump(data, [...shape]));
