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

test('image grid: size from images, scale and gap; each pixel enlarged exactly; -1 black, 0 grey, 1 white', async () => {
  const images = [-1, 0, 1, -1, 1, 1, 1, 1]; // two images of 2 x 2
  const { png } = await imageGrid({ images, n: 2, h: 2, w: 2, c: 1, columns: 2, scale: 3, gap: 5 });
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
    images: [1, -1, 0, 7, -7, 0],
    n: 2,
    h: 1,
    w: 1,
    c: 3,
    columns: 2,
    scale: 2,
    gap: 0,
  });
  const { at } = await decode(png);
  assert.deepEqual(at(margin, margin), [255, 0, 128]);
  assert.deepEqual(at(margin + 2, margin), [255, 0, 128]);
});

test('image grid: labels and a title make room and draw', async () => {
  const batch = { images: new Float32Array(4 * 9).fill(-1), n: 4, h: 3, w: 3, c: 1, columns: 2 };
  const plain = await decode((await imageGrid(batch)).png);
  const labelled = await decode(
    (await imageGrid({ ...batch, rowLabels: ['1 step', '2 steps'], columnLabels: ['0', '1'], title: 'Digits' })).png,
  );
  assert.ok(labelled.width > plain.width && labelled.height > plain.height);
});

test('image grid refuses sizes that do not fit and channel counts it cannot draw', async () => {
  await assert.rejects(
    imageGrid({ images: [1, 2, 3], n: 1, h: 2, w: 2, c: 1 }),
    /images must be of shape \[4\], got \[3\]/,
  );
  await assert.rejects(imageGrid({ images: [1, 2], n: 1, h: 1, w: 1, c: 2 }), /c must be 1 or 3/);
});

test('zoomed difference: white where nothing changed, red where b is brighter, blue where it is darker', async () => {
  const { png } = await zoomedDifference({
    a: [0, 0, 0],
    b: [0, 1, -1],
    n: 3,
    h: 1,
    w: 1,
    c: 1,
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
    zoomedDifference({ a: [0], b: [0, 1], n: 1, h: 1, w: 1, c: 1, labels: ['a', 'b'] }),
    /shape \[1\]/,
  );
});

test('side by side: widths add up with the gap, heights take the larger', async () => {
  const block = (width: number, height: number) => createCanvas(width, height).toBuffer('image/png');
  const { width, height } = await decode(await sideBySide([block(10, 4), block(5, 9)], 3));
  assert.deepEqual([width, height], [18, 9]);
});
