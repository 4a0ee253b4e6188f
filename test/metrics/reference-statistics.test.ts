import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { dump, type TypedArray } from 'npyjs';
import { ZipFile } from 'yazl';
import { readSafetensors, writeSafetensors } from '../../src/checkpoints';
import {
  type FeatureIdentity,
  featureStatistics,
  frechetDistance,
  loadStatistics,
  type ReferenceStatistics,
  saveStatistics,
} from '../../src/metrics';
import { temporaryFolder } from '../temporary-folder';
import { normals } from './sets';

const place = temporaryFolder();
const golden = (name: string): string => join(__dirname, '..', 'golden', 'metrics', name);

const features: FeatureIdentity = { name: 'FD-Test', d: 5, sha256: 'ab'.repeat(32), preprocessing: 'bilinear 16' };
const source = { file: 'images.zip', sha256: 'cd'.repeat(32), images: 40 };
const example = async (): Promise<ReferenceStatistics> => ({
  ...(await featureStatistics(normals(40, 5, 1))),
  features,
  source,
});

/** An .npz file from arrays as they are, or bytes that are no array. */
const npz = async (
  name: string,
  arrays: Record<string, TypedArray | Buffer>,
  shapes: Record<string, number[]> = {},
) => {
  const zip = new ZipFile();
  for (const [key, array] of Object.entries(arrays)) {
    const bytes = Buffer.isBuffer(array) ? array : Buffer.from(dump(array, shapes[key] ?? [array.length]));
    zip.addBuffer(bytes, `${key}.npy`);
  }
  zip.end();
  const pieces: Buffer[] = [];
  for await (const piece of zip.outputStream) pieces.push(piece as unknown as Buffer);
  writeFileSync(place(name), Buffer.concat(pieces));
  return place(name);
};

test('statistics come back from a safetensors file to the last bit, with features, n and source', async () => {
  const statistics = await example();
  await saveStatistics(place('a.safetensors'), statistics);
  assert.deepEqual(await loadStatistics(place('a.safetensors')), statistics);
  const unknown = { ...statistics, n: NaN, features: undefined };
  await saveStatistics(place('b.safetensors'), unknown);
  const back = await loadStatistics(place('b.safetensors'));
  assert.ok(Number.isNaN(back.n) && back.features === undefined);
  assert.deepEqual((await loadStatistics(place('b.safetensors'), { features, n: 40 })).features, features);
});

test("EDM's npz: mean and covariance come back, the rest is what the options tell", async () => {
  const statistics = await example();
  await saveStatistics(place('a.npz'), statistics);
  const back = await loadStatistics(place('a.npz'));
  assert.deepEqual([back.mean, back.covariance, back.d], [statistics.mean, statistics.covariance, 5]);
  assert.ok(Number.isNaN(back.n) && !('features' in back));
  assert.deepEqual([back.source.file, String(back.source.sha256).length], ['a.npz', 64]);
  const told = await loadStatistics(place('a.npz'), { n: 40, features, source: { licence: 'CC0' } });
  assert.deepEqual([told.n, told.features, told.source.licence], [40, features, 'CC0']);
  const again = readFileSync(place('a.npz'));
  await saveStatistics(place('a.npz'), statistics);
  assert.deepEqual(readFileSync(place('a.npz')), again);
});

// python3 -c "import numpy as np; mu = np.arange(3) / 7; a = np.array([[2, 1, .5], [1, 3, .25], [.5, .25, 4]]) / 3
// np.savez('numpy-savez.npz', mu=mu, sigma=a)
// np.savez_compressed('numpy-savez-compressed.npz', sigma=np.asfortranarray(a), mu=mu, n=np.int64(50000))"
for (const name of ['numpy-savez.npz', 'numpy-savez-compressed.npz'])
  test(`numpy's file is read: ${name}`, async () => {
    const { d, mean, covariance } = await loadStatistics(golden(name));
    assert.equal(d, 3);
    assert.deepEqual([...mean], [0, 1 / 7, 2 / 7]);
    assert.deepEqual([...covariance], [2, 1, 0.5, 1, 3, 0.25, 0.5, 0.25, 4].map(v => v / 3)); // prettier-ignore
  });

// as above, with mu.astype('<f4'), a.astype('<f4'), and mu.astype('>f8'), a.astype('>f4')
const fround = (values: readonly number[]): number[] => values.map(Math.fround);
for (const [name, meanOf] of [
  ['numpy-float32.npz', fround],
  ['numpy-big-endian.npz', (values: readonly number[]) => [...values]],
] as const)
  test(`single precision and the other order of bytes are read: ${name}`, async () => {
    const { mean, covariance } = await loadStatistics(golden(name));
    assert.deepEqual([...mean], meanOf([0, 1 / 7, 2 / 7]));
    assert.deepEqual([...covariance], fround([2, 1, 0.5, 1, 3, 0.25, 0.5, 0.25, 4].map(v => v / 3)));
  });

// pickle.dump({'fid': dict(mu=mu, sigma=a), 'fd_dinov2': dict(mu=mu + 1, sigma=a / 2)}, open('edm2-reference.pkl', 'wb'))
test("EDM2's pickle of the statistics of several networks: one is named", async () => {
  const path = golden('edm2-reference.pkl');
  const fid = await loadStatistics(path, { part: 'fid' });
  assert.deepEqual([...fid.mean], [0, 1 / 7, 2 / 7]);
  assert.deepEqual([fid.d, fid.source.part, fid.source.file], [3, 'fid', 'edm2-reference.pkl']);
  const { mean, covariance } = await loadStatistics(path, { part: 'fd_dinov2' });
  assert.deepEqual([...mean], [1, 1 / 7 + 1, 2 / 7 + 1]);
  assert.deepEqual([...covariance.subarray(0, 3)], [2 / 3 / 2, 1 / 3 / 2, 0.5 / 3 / 2]);
  await assert.rejects(loadStatistics(path), /holds statistics of fid, fd_dinov2; say which: `part`/);
  await assert.rejects(loadStatistics(path, { part: 'fd' }), /fid, fd_dinov2; none of 'fd'/);
  await assert.rejects(loadStatistics(place('a.npz'), { part: 'fid' }), /part/);
  await assert.rejects(saveStatistics(place('x.pkl'), await example()), /path must be a name that ends in/);
  const other = join(__dirname, '..', 'golden', 'ckpt', 'edm_ddpmpp.nosrc.pkl');
  await assert.rejects(loadStatistics(other), /holds no 'mu' and 'sigma'/);
});

test('other endings, and options that contradict the file, are refused', async () => {
  const statistics = await example();
  await saveStatistics(place('c.safetensors'), statistics);
  const load = (options: object) => loadStatistics(place('c.safetensors'), options);
  await assert.rejects(
    loadStatistics(place('c.csv')),
    /path must be a name that ends in \.safetensors, \.npz or \.pkl/,
  );
  await assert.rejects(saveStatistics(place('c.json'), statistics), /path must be a name/);
  await assert.rejects(load({ n: 41 }), /n must be that of the file, 40, got 41/);
  await assert.rejects(load({ features: { ...features, d: 4 } }), /features\.d must be that of the file, 5/);
  await assert.rejects(load({ features: { ...features, name: 'FD-B' } }), /got FD-B .* and FD-Test/);
  await assert.rejects(load({ feature: features }), /Did you mean 'features'/);
  const other = { ...statistics, features: { ...features, sha256: 'ef'.repeat(32) } };
  await assert.rejects(frechetDistance(other, await load({})), /weights efefefefefef.*weights abababababab/);
});

test('what cannot be loaded is not saved, and leaves nothing behind', async () => {
  const statistics = await example();
  const before = readdirSync(place()).length;
  const save = (change: Partial<ReferenceStatistics>) => saveStatistics(place('d.npz'), { ...statistics, ...change });
  await assert.rejects(save({ mean: statistics.mean.map(() => NaN) }), /not finite/);
  await assert.rejects(save({ covariance: statistics.covariance.map((v, i) => (i === 1 ? v + 1 : v)) }), /symmetric/);
  await assert.rejects(save({ covariance: new Float64Array(24) }), /statistics must be 5 means and \[5, 5\]/);
  await assert.rejects(save({ n: 1 }), /n must be an integer from 2/);
  await assert.rejects(save({ features: { ...features, d: 6 } }), /features\.d must be 5/);
  await assert.rejects(save({ source: { n: NaN } }), /source must be a record/);
  assert.equal(readdirSync(place()).length, before);
});

test('damaged and hostile npz files: a clear error each', async () => {
  const [mu, sigma] = [Float64Array.of(1, 2), Float64Array.of(1, 0, 0, 1)];
  const shapes = { sigma: [2, 2] };
  const whole = readFileSync(await npz('whole.npz', { mu, sigma }, shapes));
  assert.equal((await loadStatistics(place('whole.npz'))).d, 2);
  const bytes = (name: string, content: Buffer): Promise<string> => {
    writeFileSync(place(name), content);
    return Promise.resolve(place(name));
  };
  const changed = (at: number, value: number): Buffer => {
    const copy = Buffer.from(whole);
    copy[at] = value;
    return copy;
  };
  const header = Buffer.from(dump(sigma, [2, 2]));
  const huge = Buffer.from(header.toString('latin1').replace("(2,2)}  ", "(9e9,2)}"), 'latin1'); // prettier-ignore
  const cases: [string, Promise<string>, RegExp][] = [
    ['truncated', bytes('1.npz', whole.subarray(0, 300)), /1\.npz: damaged: .*[Ee]nd of [Cc]entral [Dd]irectory/],
    ['no zip', bytes('2.npz', Buffer.from('mu and sigma')), /2\.npz: damaged/],
    ['a flipped bit', bytes('3.npz', changed(50, whole[50] ^ 1)), /3\.npz: /],
    ['no sigma', npz('4.npz', { mu }), /no array 'sigma'; there are: mu\.npy/],
    ['bytes', npz('5.npz', { mu: Uint8Array.from(mu), sigma }, shapes), /'mu' is of u1; f4 or f8 is expected/],
    ['integers', npz('6.npz', { mu: BigInt64Array.of(1n, 2n), sigma }, shapes), /'mu' is of i8/],
    ['not square', npz('7.npz', { mu, sigma }, { sigma: [1, 4] }), /shape \[1, 4\]; \[2, 2\] is expected/],
    ['of another size', npz('8.npz', { mu: Float64Array.of(1), sigma: Float64Array.of(1, 0, 0, 1) }, shapes), /says 4/],
    ['a matrix for a mean', npz('9.npz', { mu: sigma, sigma }, { ...shapes, mu: [2, 2] }), /'?sigma|mean has the shape/],
    ['not finite', npz('10.npz', { mu: Float64Array.of(1, NaN), sigma }, shapes), /not finite/],
    ['asymmetric', npz('11.npz', { mu, sigma: Float64Array.of(1, 0.5, 0, 1) }, shapes), /not symmetric: 0 and 0\.5/],
    ['negative', npz('12.npz', { mu, sigma: Float64Array.of(1, 0, 0, -1) }, shapes), /variance of feature 1 is -1/],
    ['too large a mean', npz('13.npz', { mu: new Float64Array(30_000), sigma }, shapes), /'mu\.npy' has 240\d+ bytes/],
    ['a bomb', npz('14.npz', { mu, sigma: new Float64Array(300 * 300) }, { sigma: [300, 300] }), /32 and a header/],
    ['a shape that its bytes cannot hold', npz('15.npz', { mu, sigma: huge }), /shape \(9000000000, 2\) says/],
    ['no npy', npz('16.npz', { mu: Buffer.from('hello, world, here'), sigma }), /'mu' is no npy file/],
    ['an empty npy', npz('17.npz', { mu: Buffer.alloc(0), sigma }), /'mu' is no npy file/],
    ['no dimensions', npz('18.npz', { mu: new Float64Array(0), sigma: new Float64Array(0) }, { sigma: [0, 0] }), /shape \[0\]/],
  ]; // prettier-ignore
  for (const [name, file, message] of cases) await assert.rejects(loadStatistics(await file), message, name);
  await assert.rejects(loadStatistics(place('absent.npz')), { code: 'ENOENT' });
});

test('safetensors that hold other things than statistics: a clear error each', async () => {
  await saveStatistics(place('e.safetensors'), await example());
  const { tensors, metadata } = await readSafetensors(place('e.safetensors'));
  delete metadata.checksum; // as older versions wrote them: with one, any change is refused
  const write = async (change: object, meta: Record<string, string> = {}): Promise<string> => {
    await writeSafetensors(place('f.safetensors'), { ...tensors, ...change }, { ...metadata, ...meta });
    return place('f.safetensors');
  };
  const mean32 = { mean: { dtype: 'F32', shape: [5], data: new Float32Array(5) } };
  const cases: [Record<string, string>, RegExp][] = [
    [{ format: 'pt' }, /its format is 'pt'/],
    [{ n: '1' }, /its 'n' is not as it must be: 1/],
    [{ n: 'many' }, /its 'n' is not as it must be/],
    [{ features: '{"name":1}' }, /its 'features' is not/],
    [{ features: JSON.stringify({ ...features, d: 6 }) }, /5 dimensions, but its features have 6/],
    [{ source: '[]' }, /its 'source' is not/],
  ];
  for (const [meta, message] of cases) await assert.rejects(loadStatistics(await write({}, meta)), message);
  await assert.rejects(loadStatistics(await write(mean32)), /'mean' is of F32; F64 is expected/);
  await writeSafetensors(place('g.safetensors'), { mean: tensors.mean }, metadata);
  await assert.rejects(loadStatistics(place('g.safetensors')), /'covariance' is missing; F64/);
  writeFileSync(place('h.safetensors'), readFileSync(place('e.safetensors')).subarray(0, 500));
  await assert.rejects(loadStatistics(place('h.safetensors')), /h\.safetensors/);
});
