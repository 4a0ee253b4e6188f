import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommandLine } from '../../src/command-line';
import { numberList, seedList } from '../../src/command-line/options';
import { progressLine, shownSafely } from '../../src/command-line/terminal';
import { UnavailableError } from '../../src/compute/check';
import type { DoctorReport } from '../../src/notebook/doctor';
import { restoreEnvironment } from '../environment';
import { program } from '../program';
import { temporaryFolder } from '../temporary-folder';
import { cosim } from './commands';

const root = join(__dirname, '../..');
const place = temporaryFolder();

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

test('what a variable of the environment asks for and cannot be had, or is no name, is told by the variable', async () => {
  const earlier = { ...process.env };
  try {
    process.env.COSIM_BACKEND = 'webgpux';
    const unknown = await cosim('sample', '--network', 'digits');
    assert.deepEqual(
      [unknown.code, unknown.err.split(',')[0]],
      [2, "cosim: COSIM_BACKEND: backend must be one of 'native'"],
    );
    const report = JSON.parse((await cosim('doctor', '--json')).out) as DoctorReport;
    assert.match(report.backend.problem!, /^COSIM_BACKEND: backend must be one of/);
    process.env.COSIM_BACKEND = 'wasm';
    process.env.COSIM_ENGINE = 'fast';
    const engine = await cosim('doctor');
    assert.equal(engine.code, 0, engine.err);
    assert.match(engine.out, /^engine +none: COSIM_ENGINE: engine must be one of .*, got 'fast'$/m);
    process.env.COSIM_ENGINE = 'xla';
    process.env.COSIM_PJRT_PLUGIN = place('no-plugin.so'); // it counts as one: nothing is opened
    assert.match((await cosim('doctor')).out, /^engine +xla: asked for$/m);
  } finally {
    restoreEnvironment(earlier);
  }
});

test('what cannot be had on this machine is said in one line, with 1', async () => {
  const said: string[] = [];
  const terminal = { out: () => undefined, err: (text: string) => said.push(text), live: false };
  const ask = () => Promise.reject(new UnavailableError('no adapter'));
  assert.equal(await runCommandLine(['engine', 'install', 'cuda13'], { ...terminal, ask }), 1);
  assert.equal(said.at(-1), 'cosim: no adapter\n');
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
