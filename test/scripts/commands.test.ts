import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { test } from 'node:test';
import { jobsThatFit } from '../../scripts/notebook/plan';
import { choosePreset } from '../../scripts/notebook/preset';
import { clock, secondsLeft } from '../../scripts/notebook/progress';
import { paramsAnywhere, paramsText } from '../../scripts/notebook/replaced-params';
import { root } from '../../scripts/project';
import { temporaryFolder } from '../temporary-folder';

const place = temporaryFolder();

test('the preset: by the flag, by COSIM_PRESET, by both where they agree, or the usual one', () => {
  assert.equal(choosePreset('paper', 'laptop', {}), 'paper');
  assert.equal(choosePreset(undefined, 'laptop', { COSIM_PRESET: 'smoke' }), 'smoke');
  assert.equal(choosePreset('smoke', 'laptop', { COSIM_PRESET: 'smoke' }), 'smoke');
  assert.equal(choosePreset(undefined, 'laptop', { COSIM_PRESET: '' }), 'laptop');
});

test('two presets that disagree are refused, and so is a name that is none', () => {
  const both = (): string => choosePreset('laptop', 'laptop', { COSIM_PRESET: 'paper' });
  assert.throws(both, /--preset is 'laptop' and COSIM_PRESET is 'paper'/);
  assert.throws(() => choosePreset('desktop', 'laptop', {}), /--preset must be one of smoke, .*, got 'desktop'/);
  assert.throws(() => choosePreset(undefined, 'laptop', { COSIM_PRESET: 'x' }), /COSIM_PRESET must be one of/);
});

test('the time left: what waits and the rest of what runs, at the pace of what is done', () => {
  const done = { expected: 60, elapsed: 120, done: true }; // twice as long as measured
  const running = { expected: 100, elapsed: 50, done: false };
  const waiting = { expected: 30, elapsed: 0, done: false };
  assert.equal(secondsLeft([done, running, waiting], 1), 150 + 60);
  assert.equal(secondsLeft([running, waiting], 1), 50 + 30);
  assert.equal(secondsLeft([running, waiting], 2), 50); // no shorter than the longest
  assert.equal(secondsLeft([running, { elapsed: 0, done: false }], 1), undefined); // never measured
});

test('a time as long as it must be read', () => {
  assert.deepEqual([0.2, 48.4, 89, 91, 600].map(clock), ['1 s', '48 s', '89 s', '2 min', '10 min']);
});

test('one notebook at a time up to five cores, at most four', () => {
  assert.deepEqual([1, 2, 4, 6, 8, 64].map(jobsThatFit), [1, 1, 1, 2, 3, 4]);
});

test('replaced parameters: a file counts by what it holds, and is found from every folder', () => {
  const path = place('params.json');
  writeFileSync(path, '{ "seed": 1 }');
  assert.equal(paramsText(path), '{ "seed": 1 }');
  assert.equal(paramsAnywhere(relative('.', path)), path);
  for (const given of ['', ' { "seed": 2 }'])
    assert.deepEqual([paramsText(given), paramsAnywhere(given)], [given, given]);
  assert.equal(paramsText(place('none.json')), place('none.json'));
});

test('tests that are not there are refused: a folder without any, a word without --unit', () => {
  const end = (...args: string[]) =>
    spawnSync(process.execPath, ['--import', 'tsx', 'scripts/test.ts', ...args], { cwd: root, encoding: 'utf8' });
  const none = end('--unit', 'queues');
  assert.equal(none.status, 1);
  assert.match(none.stdout, /--unit must name folders of test\/ .*, got 'queues'/);
  const word = end('queue');
  assert.deepEqual([word.status, word.stdout], [2, '']);
  assert.match(word.stderr, /must stand behind --unit, got 'queue'/);
});
