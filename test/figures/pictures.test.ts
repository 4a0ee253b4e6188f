import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCanvas, loadImage } from 'canvas';
import { imageGrid, sideBySide, zoomedDifference } from '../../src/figures';

/** Reads a PNG's pixels: width, height and (x, y) -> [r, g, b]. */
const decode = async (png: Uint8Array) => {
  const image = await loadImage(Buffer.from(png));
  const context = createCanvas(image.width, image.height).getContext('2d');
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, image.width, image.height);
  const at = (x: number, y: number) => [...data.subarray(4 * (y * image.width + x), 4 * (y * image.width + x) + 3)];
  return { width: image.width, height: image.height, at };
};

const margin = 24;

/** Pictures of this shape from numbers in [-1, 1]. */
const pictures = (values: number[], ...shape: number[]) => ({
  data: Float32Array.from(values),
  n: values.length / shape.reduce((product, size) => product * size),
  shape,
});

test('image grid: size from images, scale and gap; each pixel enlarged exactly; -1 black, 0 grey, 1 white', async () => {
  const images = pictures([-1, 0, 1, -1, 1, 1, 1, 1], 2, 2, 1);
  const { png } = await imageGrid({ images, columns: 2, scale: 3, gap: 5 });
  const { width, height, at } = await decode(png);
  assert.deepEqual([width, height], [2 * margin + 2 * 6 + 5, 2 * margin + 6]);
  assert.deepEqual(at(margin, margin), [0, 0, 0]);
  assert.deepEqual(at(margin + 2, margin + 2), [0, 0, 0]);
  assert.deepEqual(at(margin + 3, margin), [128, 128, 128]);
  assert.deepEqual(at(margin, margin + 3), [255, 255, 255]);
  assert.deepEqual(at(margin + 5, margin + 5), [0, 0, 0]);
  assert.deepEqual(at(margin + 6, margin), [255, 255, 255]); // the gap
});

test('image grid: colour images keep their channels, values outside the range are clipped', async () => {
  const { png } = await imageGrid({
    images: pictures([1, -1, 0, 7, -7, 0], 1, 1, 3),
    columns: 2,
    scale: 2,
    gap: 0,
  });
  const { at } = await decode(png);
  assert.deepEqual(at(margin, margin), [255, 0, 128]);
  assert.deepEqual(at(margin + 2, margin), [255, 0, 128]);
});

test('image grid: labels and a title make room and draw', async () => {
  const batch = { images: pictures(Array<number>(36).fill(-1), 3, 3, 1), columns: 2 };
  const plain = await decode((await imageGrid(batch)).png);
  const labelled = await decode(
    (await imageGrid({ ...batch, rowLabels: ['1 step', '2 steps'], columnLabels: ['0', '1'], title: 'Digits' })).png,
  );
  assert.ok(labelled.width > plain.width && labelled.height > plain.height);
});

test('image grid: several batches follow one another, one a row; images are 64 picture pixels wide', async () => {
  const [black, white] = [-1, 1].map(value => pictures(Array<number>(3 * 64).fill(value), 8, 8, 1));
  const { width, height, at } = await decode((await imageGrid({ images: [black, white, black] })).png);
  assert.deepEqual([width, height], [2 * margin + 3 * 64 + 2 * 4, 2 * margin + 3 * 64 + 2 * 4]);
  const rows = [0, 1, 2].map(row => at(margin + 2 * 68 + 63, margin + row * 68));
  assert.deepEqual(rows, [[0, 0, 0], [255, 255, 255], [0, 0, 0]]); // prettier-ignore
});

test('image grid refuses sizes that do not fit and samples that it cannot draw', async () => {
  const image = pictures([1, 2, 3, 4], 2, 2, 1);
  await assert.rejects(imageGrid({ images: { ...image, n: 2 } }), /data of images must be of shape \[8\], got \[4\]/);
  await assert.rejects(imageGrid({ images: pictures([1, 2], 1, 1, 2) }), /\[h, w, 1\] or \[h, w, 3\], got \[1,1,2\]/);
  await assert.rejects(imageGrid({ images: pictures([1, 2], 2) }), /\[h, w, 1\] or \[h, w, 3\], got \[2\]/);
  await assert.rejects(imageGrid({ images: [] }), /at least one batch of samples/);
  await assert.rejects(imageGrid({ images: [image, pictures([1], 1, 1, 1)] }), /images must be of shape \[2, 2, 1\]/);
});

test('zoomed difference: white where nothing changed, red where b is brighter, blue where it is darker', async () => {
  const { png } = await zoomedDifference({
    a: pictures([0, 0, 0], 1, 1, 1),
    b: pictures([0, 1, -1], 1, 1, 1),
    labels: ['2', '4'],
    scale: 10,
  });
  const { height, width, at } = await decode(png);
  // The third row of three 10-pixel cells; columns are found from the right of the label column.
  const rowY = margin + 2 * (10 + 8) + 5;
  assert.ok(rowY < height);
  const row = Array.from({ length: width }, (_, x) => at(x, rowY));
  const red = row.findIndex(([r, g, b]) => r > 80 && g < 40 && b < 60);
  const blue = row.findIndex(([r, g, b]) => b > 80 && r < 40 && g < 80);
  assert.equal(blue - red, 10 + 8);
  assert.deepEqual(row[red - 8 - 5], [255, 255, 255]);
  await assert.rejects(
    zoomedDifference({ a: pictures([0], 1, 1, 1), b: pictures([0, 1], 1, 1, 1), labels: ['a', 'b'] }),
    /b must be of shape \[1, 1, 1, 1\], got \[2,1,1,1\]/,
  );
});

test('side by side: widths add up with the gap, heights take the larger', async () => {
  const block = (width: number, height: number) => createCanvas(width, height).toBuffer('image/png');
  const { width, height } = await decode(await sideBySide([block(10, 4), block(5, 9)], 3));
  assert.deepEqual([width, height], [18, 9]);
});
