/* Small files in the formats of the published data sets. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { gzipSync } from 'node:zlib';

/** A folder of its own for the tests of a file, removed after them; gives paths in it. */
export const temporaryFolder = (): ((...names: string[]) => string) => {
  const folder = mkdtempSync(join(tmpdir(), 'cosim-data-'));
  after(() => rmSync(folder, { recursive: true }));
  return (...names) => join(folder, ...names);
};

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
