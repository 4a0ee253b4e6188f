import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, test } from 'node:test';
import { params, presetRows } from '../../src/notebook';
import { temporaryFolder } from '../temporary-folder';

const own = { images: 2000, coef: 1, seeds: [0, 1], name: 'digits', ema: true };

const clear = (): void => {
  delete process.env.COSIM_PRESET;
  delete process.env.COSIM_PARAMS;
};
beforeEach(clear);
afterEach(clear);

const withParams = (source: unknown) => {
  process.env.COSIM_PARAMS = typeof source === 'string' ? source : JSON.stringify(source);
  return params(own);
};

test('laptop is the default; the cell or COSIM_PRESET picks another, COSIM_PRESET first; the result names its preset', () => {
  assert.deepEqual(params('01_quickstart'), { images: 1_024_000, batch: 512, n: 2000, preset: 'laptop' });
  assert.equal(params('01_quickstart', { preset: 'tour' }).images, 512_000);
  process.env.COSIM_PRESET = 'smoke';
  assert.deepEqual(params('01_quickstart', { preset: 'tour' }), { images: 2560, batch: 256, n: 500, preset: 'smoke' });
  process.env.COSIM_PRESET = '';
  assert.equal(params('01_quickstart').preset, 'laptop');
});

test('a notebook of your own gives its values once, for every preset', () => {
  assert.deepEqual(params(own), { ...own, preset: 'laptop' });
  process.env.COSIM_PRESET = 'smoke';
  assert.deepEqual(params(own), { ...own, preset: 'smoke' });
});

test('values of the cell are added to those of the preset and win over them', () => {
  const p = params('01_quickstart', { preset: 'smoke', coef: 1, images: 512 });
  assert.deepEqual(p, { images: 512, batch: 256, n: 500, coef: 1, preset: 'smoke' });
});

test('a value of the cell of another kind than the preset has is refused', () => {
  // @ts-expect-error images is a number
  assert.throws(() => params('01_quickstart', { images: '5' }), /params: images must be a number, got '5'/);
});

test('an unknown preset or notebook is refused with the known ones', () => {
  // @ts-expect-error no such notebook
  assert.throws(() => params('01_quickstat', {}), /unknown notebook '01_quickstat'. Did you mean '01_quickstart'/);
  process.env.COSIM_PRESET = 'desktop';
  assert.throws(() => params(own), /COSIM_PRESET must be one of 'smoke', 'tour', 'laptop', 'paper', got 'desktop'/);
});

test('the table of presets has a row for each parameter, with lists and large numbers as they are read', () => {
  const rows = presetRows('02_two_vs_four_steps');
  const [row] = rows.filter(({ parameter }) => parameter === 'evaluations');
  const expected = { parameter: 'evaluations', smoke: '9, 35', tour: '9, 35', laptop: '5, 9, 35', paper: '79, 511' };
  assert.deepEqual(row, expected);
  assert.equal(rows.find(({ parameter }) => parameter === 'images')?.paper, '200,000,000');
});

test('COSIM_PARAMS as JSON text replaces single values', () => {
  assert.deepEqual(withParams({ coef: 0.75, seeds: [5, 6] }), { ...own, coef: 0.75, seeds: [5, 6], preset: 'laptop' });
  process.env.COSIM_PARAMS = '{ "coef": 2, "images": 7 }';
  const p = params('01_quickstart', { coef: 1 });
  assert.deepEqual([p.coef, p.images, p.batch], [2, 7, 512]);
});

test('COSIM_PARAMS as the path of a JSON file', () => {
  const file = temporaryFolder()('p.json');
  writeFileSync(file, '{ "images": 7 }');
  assert.equal(withParams(file).images, 7);
});

test('an unknown key is refused and the nearest key named', () => {
  assert.throws(() => withParams({ imges: 5 }), /COSIM_PARAMS: unknown option 'imges'\. Did you mean 'images'\?/);
});

test('values of another type are refused, in lists too', () => {
  assert.throws(() => withParams({ images: '5' }), /images must be a number, got '5'/);
  assert.throws(() => withParams({ seeds: 3 }), /seeds must be an? array, got 3/);
  assert.throws(() => withParams({ seeds: ['a'] }), /seeds must be a list of numbers/);
  assert.throws(() => withParams({ ema: null }), /ema must be a boolean, got null/);
});

test('COSIM_PARAMS that is no JSON object or no file says so', () => {
  assert.throws(() => withParams('{ broken'), /COSIM_PARAMS must be a JSON object or the path of one/);
  assert.throws(
    () => withParams('no/such/file.json'),
    /COSIM_PARAMS must be a JSON object or the path of one.*no such file/,
  );
});

test('the result and its lists are frozen', () => {
  const p = params(own);
  assert.throws(() => Object.assign(p, { images: 1 }), TypeError);
  assert.throws(() => (p.seeds as number[]).push(9), TypeError);
});
