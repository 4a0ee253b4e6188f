import assert from 'node:assert/strict';
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { secondsInCache } from '../../scripts/notebook/times';
import { temporaryFolder } from '../temporary-folder';

const file = temporaryFolder();

test('only results that were there before a run are added to its time', () => {
  mkdirSync(file('cache'));
  const write = (name: string, content: object, at: number): void => {
    writeFileSync(file('cache', name), JSON.stringify(content));
    utimesSync(file('cache', name), at, at);
  };
  write('old.json', { seconds: 10, result: [] }, 1000);
  write('untimed.json', { result: [{ seconds: 3 }, { seconds: 5 }] }, 1000);
  write('new.json', { seconds: 7, result: [] }, 3000);
  write('other.txt', {}, 1000);
  assert.equal(secondsInCache(file('cache'), 2000 * 1000), 15);
  assert.equal(secondsInCache(file('nowhere'), 0), 0);
});
