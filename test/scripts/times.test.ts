import assert from 'node:assert/strict';
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { secondsInCache } from '../../scripts/notebook/times';
import { writeKept } from '../../src/checkpoints';
import { beginMaking } from '../../src/provenance';
import { temporaryFolder } from '../temporary-folder';

const file = temporaryFolder();
const sweepFile = join(__dirname, '..', '..', 'src', 'studies', 'sweep.ts');

test('only results that were there before a run are added to its time', async () => {
  mkdirSync(file('cache'));
  const at = (name: string, time: number): void => utimesSync(file('cache', name), time, time);
  const made = (name: string, seconds: number) => ({ ...beginMaking(sweepFile)(), commit: name, seconds });
  const keep = async (name: string, ...seconds: number[]): Promise<void> => {
    await writeKept(file('cache', name), {}, { result: [], madeBy: seconds.map(one => made(name, one)) });
    at(name, 1000);
  };
  await keep('old.json', 10);
  await keep('parts.json', 100, 5); // a generator of another notebook, then its measurement
  await keep('new.json', 7);
  at('new.json', 3000);
  writeFileSync(file('cache', 'other.txt'), '{}');
  at('other.txt', 1000);
  assert.equal(secondsInCache(file('cache'), 2000 * 1000), 15);
  assert.equal(secondsInCache(file('nowhere'), 0), 0);
});
