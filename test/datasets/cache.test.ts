import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { dataCache } from '../../src/datasets';
import { temporaryFolder } from '../temporary-folder';

const place = temporaryFolder();
const NAMES = ['COSIM_CACHE', 'XDG_CACHE_HOME'] as const;
const kept: (string | undefined)[] = [];

beforeEach(() => {
  for (const [i, name] of NAMES.entries()) {
    kept[i] = process.env[name];
    delete process.env[name];
  }
});
afterEach(() => {
  for (const [i, name] of NAMES.entries())
    if (kept[i] === undefined) delete process.env[name];
    else process.env[name] = kept[i];
});

test('a checkout keeps fetched data in itself, an installed package in the cache of the user', () => {
  const [checkout, installed] = [place('checkout'), place('project', 'node_modules', 'cosim')];
  for (const root of [checkout, installed]) mkdirSync(join(root, 'data'), { recursive: true });
  assert.equal(dataCache(checkout), join(checkout, 'data', 'cache'));
  assert.equal(dataCache(installed), join(homedir(), '.cache', 'cosim'));
  assert.equal(dataCache(place('without-data')), join(homedir(), '.cache', 'cosim')); // nowhere to write
  process.env.XDG_CACHE_HOME = place('xdg');
  assert.equal(dataCache(installed), place('xdg', 'cosim'));
  process.env.COSIM_CACHE = place('chosen');
  for (const root of [checkout, installed]) assert.equal(dataCache(root), place('chosen'));
  process.env.COSIM_CACHE = '';
  assert.equal(dataCache(checkout), join(checkout, 'data', 'cache'), 'empty: as good as not set');
  for (const none of ['', 'relative']) {
    process.env.XDG_CACHE_HOME = none;
    assert.equal(dataCache(installed), join(homedir(), '.cache', 'cosim'));
  }
});
