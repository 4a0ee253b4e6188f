import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { DatasetError, edmZip, type EdmZipOptions } from '../../src/datasets';
import { temporaryFolder } from '../temporary-folder';
import { edmName, noise, pictures, png16, pngOf, zipOf } from './files';

const place = temporaryFolder();
type Files = (readonly [string, Uint8Array | string])[];

const labels = (pairs: unknown): string => JSON.stringify({ labels: pairs });

const write = async (name: string, files: Files, options: { compress?: boolean } = {}): Promise<string> => {
  const path = place(`${name}.zip`);
  writeFileSync(path, await zipOf(files, options));
  return path;
};

/** Opens and reads image 0 to `last`; the error must be a DatasetError that says `message`. */
const refused = (path: string, message: RegExp, options: EdmZipOptions = {}, last = 0): Promise<void> =>
  assert.rejects(
    async () => {
      const dataset = await edmZip(path, options);
      await dataset.batch(Array.from({ length: last + 1 }, (_, i) => i)).finally(() => dataset.close?.());
    },
    (error: Error) => {
      assert.ok(error instanceof DatasetError, error.stack);
      assert.match(error.message, message);
      return true;
    },
  );

test('images come sorted by name with the labels of dataset.json, stored or deflated', async () => {
  const images = await pictures(4, [6, 5, 3]);
  const order = [2, 0, 3, 1];
  const pairs = order.map(i => [edmName(i), 10 * i]);
  const files: Files = [
    ...order.map(i => [edmName(i), images[i]] as const),
    ['dataset.json', labels([...pairs, ['elsewhere.png', 77]])],
    ['readme.txt', 'not an image'],
  ];
  for (const compress of [false, true]) {
    const dataset = await edmZip(await write(`good-${compress}`, files, { compress }));
    assert.deepEqual([dataset.sampleShape, dataset.classes, dataset.length], [[6, 5, 3], 31, 4]);
    const { x, labels: classes } = await dataset.batch([3, 0, 2, 3]);
    assert.deepEqual([...classes], [30, 0, 20, 30]);
    assert.deepEqual(
      [...x],
      [3, 0, 2, 3].flatMap(i => [...noise(90, i)]),
    );
    await assert.rejects(dataset.batch([4]), /edmZip: index must be an integer from 0 to 3, got 4/);
    await dataset.close?.();
  }
});

test('grey images are [H, W, 1]; provenance has file, hash and licence', async () => {
  const [first] = await pictures(1, [4, 4, 1]);
  const bytes = await zipOf([[edmName(0), first]]);
  writeFileSync(place('grey.zip'), bytes);
  const dataset = await edmZip(place('grey.zip'), { licence: 'CC0' });
  assert.deepEqual([dataset.sampleShape, dataset.classes], [[4, 4, 1], 0]);
  const batch = await dataset.batch([0]);
  assert.deepEqual([[...batch.x], [...batch.labels]], [[...noise(16)], []]);
  assert.deepEqual(dataset.provenance, {
    source: "EDM's data-set zip",
    file: 'grey.zip',
    sha256: createHash('sha256').update(bytes).digest('hex'),
    licence: 'CC0',
  });
  await dataset.close?.();
});

test('labels are optional, required or left out', async () => {
  const [first] = await pictures(1, [4, 4, 1]);
  const bare = await write('bare', [[edmName(0), first]]);
  const none = await write('null', [
    [edmName(0), first],
    ['dataset.json', labels(null)],
  ]);
  const full = await write('full', [
    [edmName(0), first],
    ['dataset.json', labels([[edmName(0), 4]])],
  ]);
  await refused(bare, /bare\.zip: dataset\.json: labels were asked for, but it is not there/, { labels: 'required' });
  await refused(none, /labels were asked for, but its "labels" are null/, { labels: 'required' });
  for (const [path, mode, classes] of [
    [none, 'optional', 0],
    [full, 'required', 5],
    [full, 'none', 0],
  ] as const) {
    const dataset = await edmZip(path, { labels: mode });
    assert.equal(dataset.classes, classes);
    await dataset.close?.();
  }
});

test('malformed labels are refused, each by what is wrong', async () => {
  const [first] = await pictures(1, [4, 4, 1]);
  const cases: [string, RegExp][] = [
    ['{"labels"', /dataset\.json: not JSON/],
    ['{}', /"labels" must be a list of \[name, class\] or null, it is nothing/],
    ['null', /"labels" must be a list/],
    [labels([[edmName(0), [0, 1]]]), /a label must be \[name, class\], it is \["00000\/img00000000\.png",\[0,1\]\]/],
    [labels([[edmName(0), 1.5]]), /a label must be/],
    [labels([[edmName(0), -1]]), /the class of '00000\/img00000000\.png' is -1; 0 to 999999/],
    [labels([[edmName(0), 1e9]]), /is 1000000000; 0 to 999999/],
    [labels([['other.png', 1]]), /no label for '00000\/img00000000\.png'/],
    [
      labels([
        [edmName(0), 1],
        [edmName(0), 2],
      ]),
      /'00000\/img00000000\.png' is labelled twice/,
    ],
  ];
  for (const [text, message] of cases)
    await refused(
      await write('labels', [
        [edmName(0), first],
        ['dataset.json', text],
      ]),
      message,
    );
});

test('images of another size, kind or content are refused with both sides named', async () => {
  const [first] = await pictures(1, [4, 4, 3]);
  const huge = Uint8Array.from(first);
  new DataView(huge.buffer).setUint32(16, 2 ** 30);
  const sixteen = await png16();
  const cases: [Uint8Array | string, RegExp][] = [
    [await pngOf(noise(60), 4, 5, 3), /img00000001\.png' has \[4, 5, 3\] where the first image has \[4, 4, 3\]/],
    [await pngOf(noise(16), 4, 4, 1), /has \[4, 4, 1\] where/],
    [await pngOf(noise(64), 4, 4, 4), /has an alpha channel; grey or RGB were expected/],
    [first.subarray(0, first.length - 20), /img00000001\.png': a damaged picture/],
    ['<svg xmlns="http://www.w3.org/2000/svg"/>', /neither a PNG, JPEG nor WebP file; it begins with 3c73766720786d6c/],
    ['', /it begins with nothing/],
    [huge, /says it has 1073741824 x 4 pixels; 1 to 67108864 in all can be read/],
    [sixteen, /16 bits a channel; 8 can be read/],
  ];
  for (const [second, message] of cases)
    await refused(
      await write('mixed', [
        [edmName(0), first],
        [edmName(1), second],
      ]),
      message,
      {},
      1,
    );
});

test('hostile and damaged zip files are refused, and nothing is written', async () => {
  const [a, b] = await pictures(2, [4, 4, 3]);
  const good = await zipOf([
    [edmName(0), a],
    [edmName(1), b],
  ]);
  /** The good file with bytes changed, in the local headers or the directory. */
  const changed = (change: (bytes: Buffer, directory: number, second: number) => void): Buffer => {
    const bytes = Buffer.from(good);
    const directory = bytes.readUInt32LE(bytes.length - 22 + 16);
    change(bytes, directory, bytes.indexOf('PK\x01\x02', directory + 4, 'latin1'));
    return bytes;
  };
  const packed = await zipOf([[edmName(0), new Uint8Array(1_000_000)]], { compress: true });
  const locked = Buffer.from(packed);
  locked.writeUInt16LE(1, locked.readUInt32LE(locked.length - 22 + 16) + 8);
  const bomb = Buffer.from(packed); // says 100 bytes, unpacks to a million
  bomb.writeUInt32LE(100, bomb.readUInt32LE(bomb.length - 22 + 16) + 24);
  const cases: [string, Buffer, RegExp][] = [
    ['text', Buffer.from('this is no zip file at all, only text'), /not a whole zip file \(end of central directory/i],
    ['empty', Buffer.alloc(0), /not a whole zip file/],
    ['cut', good.subarray(0, -30), /not a whole zip file/],
    ['beyond', changed((z, d) => z.writeUInt32LE(2 ** 31, d + 42)), /overlaps what follows it/],
    [
      'names',
      Buffer.from(good.toString('latin1').replaceAll('00000/img', '../../img'), 'latin1'),
      /invalid relative path: \.\.\/\.\.\/img/,
    ],
    [
      'absolute',
      Buffer.from(good.toString('latin1').replaceAll('00000/img', '/0000/img'), 'latin1'),
      /absolute path: \/0000\/img/,
    ],
    [
      'twice',
      Buffer.from(good.toString('latin1').replaceAll('00001.png', '00000.png'), 'latin1'),
      /'00000\/img00000000\.png' is there twice/,
    ],
    ['overlap', changed((z, _, second) => z.writeUInt32LE(10, second + 42)), /overlaps what follows it/],
    ['locked', locked, /is encrypted/],
    [
      'method',
      changed((z, d) => z.writeUInt16LE(93, d + 10)),
      /is packed by method 93; 0 \(stored\) and 8 \(deflate\)/,
    ],
    [
      'large',
      changed((z, d) => [20, 24].forEach(at => z.writeUInt32LE(2 ** 31, d + at))),
      /has 2147483648 bytes; 268435456 are the limit/,
    ],
    ['sizes', changed((z, d) => z.writeUInt32LE(7, d + 24)), /size mismatch/],
    ['sum', changed((z, d) => z.writeUInt32LE(7, d + 16)), /img00000000\.png' is damaged: its check sum \(CRC-32\)/],
    ['header', changed(z => z.writeUInt32LE(0, 0)), /img00000000\.png' invalid local file header signature/],
    ['bomb', bomb, /img00000000\.png' unpacks to more than the 100 bytes that the directory says/],
    ['nothing', await zipOf([['readme.txt', 'x']]), /none of the 1 files in it is a PNG, JPEG or WebP image/],
  ];
  const before = readdirSync(place());
  for (const [name, bytes, message] of cases) {
    writeFileSync(place(`hostile.zip`), bytes);
    await refused(place('hostile.zip'), message).catch((error: Error) => {
      error.message = `${name}: ${error.message}`;
      throw error;
    });
  }
  assert.deepEqual(readdirSync(place()).sort(), [...before, 'hostile.zip'].sort());
});

test('a file that is cut while it is open rejects its batches', async () => {
  const images = await pictures(3, [4, 4, 1]);
  const path = await write(
    'cut-later',
    images.map((image, i) => [edmName(i), image] as const),
  );
  const dataset = await edmZip(path);
  truncateSync(path, 200);
  await assert.rejects(dataset.batch([0, 1, 2]), (error: Error) => error instanceof DatasetError);
  await dataset.close?.();
});
