import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { params } from '../../src/notebook';

const presets = {
  smoke: { images: 100, coef: 1, seeds: [0], name: 'digits', ema: true },
  laptop: { images: 2000, coef: 1, seeds: [0, 1], name: 'digits', ema: true },
  paper: { images: 90000, coef: 1, seeds: [0, 1, 2], name: 'digits', ema: true },
};

const clear = (): void => {
  delete process.env.COSIM_PRESET;
  delete process.env.COSIM_PARAMS;
};
beforeEach(clear);
afterEach(clear);

const withParams = (source: unknown) => {
  process.env.COSIM_PARAMS = typeof source === 'string' ? source : JSON.stringify(source);
  return params(presets);
};

test('laptop is the default; COSIM_PRESET picks another; the result names its preset', () => {
  assert.deepEqual(params(presets), { ...presets.laptop, preset: 'laptop' });
  process.env.COSIM_PRESET = 'smoke';
  assert.deepEqual(params(presets), { ...presets.smoke, preset: 'smoke' });
  process.env.COSIM_PRESET = '';
  assert.equal(params(presets).preset, 'laptop');
});

test('tour says what differs from laptop; a notebook without one says so', () => {
  process.env.COSIM_PRESET = 'tour';
  assert.deepEqual(params({ ...presets, tour: { images: 700, seeds: [0] } }), {
    ...presets.laptop,
    images: 700,
    seeds: [0],
    preset: 'tour',
  });
  assert.throws(() => params(presets), /has no preset 'tour'; it has 'smoke', 'laptop' and 'paper'/);
  const misspelt = { imges: 7 } as { images?: number };
  assert.throws(() => params({ ...presets, tour: misspelt }), /preset 'tour': unknown option 'imges'.*'images'/);
});

test('an unknown preset is refused with the known ones', () => {
  process.env.COSIM_PRESET = 'desktop';
  assert.throws(() => params(presets), /COSIM_PRESET must be one of 'smoke', 'tour', 'laptop', 'paper', got 'desktop'/);
});

test('COSIM_PARAMS as JSON text replaces single values of the chosen preset', () => {
  process.env.COSIM_PRESET = 'smoke';
  const p = withParams({ coef: 0.75, seeds: [5, 6] });
  assert.deepEqual(p, { ...presets.smoke, coef: 0.75, seeds: [5, 6], preset: 'smoke' });
});

test('COSIM_PARAMS as the path of a JSON file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cosim-params-'));
  writeFileSync(join(folder, 'p.json'), '{ "images": 7 }');
  assert.equal(withParams(join(folder, 'p.json')).images, 7);
  rmSync(folder, { recursive: true });
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

test('a key that one preset lacks is an error of type and at run time', () => {
  const [smoke, laptop] = [{ images: 1 }, { images: 1, seeds: [0] }];
  // @ts-expect-error smoke lacks 'seeds'
  const call = () => params({ smoke, laptop, paper: laptop });
  assert.throws(call, /preset 'smoke' lacks 'seeds'/);
});

test('the result and its lists are frozen', () => {
  const p = params(presets);
  assert.throws(() => Object.assign(p, { images: 1 }), TypeError);
  assert.throws(() => (p.seeds as number[]).push(9), TypeError);
});
