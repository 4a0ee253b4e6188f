import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { numberList, seedList } from '../../src/command-line/options';
import { progressLine, shownSafely } from '../../src/command-line/terminal';
import { program } from '../program';
import { cosim } from './commands';

const root = join(__dirname, '../..');

test('help lists the commands; the help of each has an example', async () => {
  const { code, out } = await cosim('--help');
  assert.equal(code, 0);
  for (const name of ['convert', 'inspect', 'sample', 'data', 'features', 'eval']) {
    assert.match(out, new RegExp(`^  ${name} `, 'm'));
    const help = await cosim(name, '--help');
    assert.equal(help.code, 0);
    assert.match(help.out, new RegExp(`\\$ cosim ${name} `));
  }
});

test('the version is that of the package', async () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  assert.deepEqual(await cosim('--version'), { code: 0, out: `${version}\n`, err: '' });
});

test('a mistyped command line ends with 2, and with what was meant', async () => {
  assert.equal((await cosim()).code, 2);
  const wrong = await cosim('smaple');
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /^cosim: unknown command 'smaple'\. Did you mean 'sample'\?/);
  const option = await cosim('sample', '--network', 'x', '--seed', '1');
  assert.equal(option.code, 2);
  assert.match(option.err, /^cosim: unknown option '--seed'\. Did you mean '--seeds'\?\n/);
  assert.equal((await cosim('inspect')).code, 2);
});

test('seeds and times are read as written', () => {
  assert.deepEqual(seedList('0-3,7, 9'), [0, 1, 2, 3, 7, 9]);
  assert.deepEqual(numberList('80,1.4e0'), [80, 1.4]);
  for (const text of ['', '1,', '-1', '1.5', '3-1', '0-99999999999']) assert.throws(() => seedList(text), Error, text);
});

test('progress writes over its own line on a screen and nothing elsewhere', () => {
  const said: string[] = [];
  const terminal = { out: () => undefined, err: (text: string) => void said.push(text) };
  for (const live of [false, true]) {
    const line = progressLine(shownSafely({ ...terminal, live }));
    line.show('1 of 2');
    line.clear();
  }
  assert.deepEqual(said, ['\r\x1b[K1 of 2', '\r\x1b[K']);
});

test('as a program it ends with the same codes and keeps results and errors apart', () => {
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [...program, ...args], {
      cwd: root,
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  };
  const bad = run('inspect', 'test/golden/ckpt/malformed/evil_eval.pkl');
  assert.deepEqual([bad.status, bad.stdout], [1, '']);
  assert.match(bad.stderr, /^cosim: .*'builtins\.eval' is not among the names/);
  const good = run('inspect', 'test/golden/ckpt/mixed.pt');
  assert.deepEqual([good.status, good.stderr], [0, '']);
  assert.match(good.stdout, /16 with \d+ elements/);
});
