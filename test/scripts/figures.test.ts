import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { test } from 'node:test';
import { picturesIn } from '../../scripts/notebook/figures';
import { temporaryFolder } from '../temporary-folder';

test('pictures of a folder and of those in it, apart from caches; none where there is no folder', () => {
  const file = temporaryFolder();
  for (const folder of ['smoke', 'cache', 'smoke/cache/deeper']) mkdirSync(file(folder), { recursive: true });
  const names = ['a.png', 'a.json', 'smoke/b.png', 'cache/c.png', 'smoke/cache/deeper/d.png'];
  for (const name of names) writeFileSync(file(name), '');
  assert.deepEqual(picturesIn(file('.')).sort(), [file('a.png'), file('smoke/b.png')]);
  assert.deepEqual(picturesIn(file('nowhere')), []);
});

/** Folders and pictures in them come and go, as those of a training that is being kept. */
const COMES_AND_GOES = `
  const { mkdirSync, renameSync, rmSync, writeFileSync } = require('node:fs');
  for (let i = 0; ; i++) {
    const folder = process.argv[1] + '/run' + i % 7;
    mkdirSync(folder + '/new', { recursive: true });
    writeFileSync(folder + '/new/a.png', '');
    renameSync(folder + '/new', folder + '/old');
    rmSync(folder, { recursive: true });
    if (i === 100) writeFileSync(process.argv[1] + '/begun', '');
  }`;

test('what goes while it is looked for is no error', async () => {
  const file = temporaryFolder();
  const child = spawn(process.execPath, ['-e', COMES_AND_GOES, file('.')], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  try {
    while (!existsSync(file('begun')) && child.exitCode === null) await wait(5);
    for (let i = 0; i < 3000; i++) picturesIn(file('.'));
    assert.equal(child.exitCode, null, 'nothing came and went');
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
});
