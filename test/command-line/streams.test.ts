import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { writeFileAtomic } from '../../src/checkpoints';
import { leaveable, Stopped } from '../../src/command-line/stopped';
import { goldenCheckpoint } from '../checkpoints/golden';
import { program } from '../program';
import { temporaryFolder } from '../temporary-folder';

const file = temporaryFolder();

/** What a process said and how it ended. */
type Ended = { code: number | null; out: string; err: string };

/** What runs in the process before the program, as Node's --import takes it. */
const before = (code: string): string[] => ['--import', `data:text/javascript,${encodeURIComponent(code)}`];

/** The program as a process, `redirected` by the shell; it is sent `signal` when it says `when`. */
const run = async (
  args: readonly string[],
  { redirected = '', preload = '', signal, when }: { redirected?: string; preload?: string; signal?: NodeJS.Signals; when?: RegExp },
): Promise<Ended> => {
  const all = [process.execPath, ...before(preload), ...program, ...args];
  const child = spawn('bash', ['-c', `exec "$@" ${redirected}`, 'bash', ...all], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { out: '', err: '' };
  let sent = false;
  child.stdout.on('data', data => (said.out += String(data)));
  child.stderr.on('data', data => {
    said.err += String(data);
    if (sent || !signal || !when?.test(said.err)) return;
    sent = child.kill(signal); // once: the second one ends a process at once
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...said };
}; // prettier-ignore

/** Progress is shown as on a screen, so that it can be seen that the work is on its way. */
const SCREEN = 'process.stderr.isTTY = true';

const LONG = ['--network', 'digits', '--steps', '500', '--backend', 'wasm', '--engine', 'eager'];

test('SIGTERM ends sample with 143, one line and nothing written', async () => {
  mkdirSync(file('sample'));
  const args = ['sample', ...LONG, '--seeds', '0-999', '--out', file('sample/a.png')];
  const ended = await run(args, { preload: SCREEN, signal: 'SIGTERM', when: /step 1 of 500/ });
  assert.equal(ended.code, 143, ended.err);
  assert.deepEqual([ended.out, ended.err.split('\x1b[K').at(-1)], ['', 'cosim: stopped; nothing was written\n']);
  assert.deepEqual(readdirSync(file('sample')), []);
});

test('SIGHUP ends eval with 129 and one line; what is finished stays in the cache alone', async () => {
  mkdirSync(file('eval'));
  const out = ['--out', file('eval/a.json'), '--cache', file('cache'), '--save-every', '10'];
  const args = ['eval', ...LONG, '--steps', '10', '--data', 'digits', '--features', 'digits', '--n-reference', '50', '--n', '500', '--blocks', '1', ...out]; // prettier-ignore
  const ended = await run(args, { preload: SCREEN, signal: 'SIGHUP', when: /measured: [1-9]\d* of/ });
  assert.equal(ended.code, 129, ended.err);
  const last = ended.err.split('\x1b[K').at(-1);
  assert.deepEqual([ended.out, last], ['', 'cosim: stopped; the same command goes on where it was\n']);
  assert.deepEqual(readdirSync(file('eval')), []);
});

test('SIGTERM ends convert with 143, one line and nothing written', async () => {
  mkdirSync(file('convert'));
  // the signal comes as soon as it can be heard
  const preload = `process.on('newListener', name => { if (name === 'SIGTERM') setImmediate(() => process.emit('SIGTERM', 'SIGTERM')) })`;
  const args = ['convert', goldenCheckpoint('edm_ddpmpp.nosrc.pkl'), file('convert/a.safetensors')];
  const ended = await run(args, { preload });
  assert.deepEqual(ended, { code: 143, out: '', err: 'cosim: stopped; nothing half-written is left\n' });
  assert.deepEqual(readdirSync(file('convert')), []);
});

test('what was being written when the signal came is removed', async () => {
  mkdirSync(file('half'));
  const place = file('half/a.bin');
  let begun = (): void => undefined;
  const writing = new Promise<void>(resolve => (begun = resolve));
  const pieces = async function* (): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(1000);
    begun();
    await new Promise(() => undefined); // the rest never comes
  };
  const left = leaveable('stopped', [place], () => writeFileAtomic(place, pieces()));
  await writing;
  assert.equal(readdirSync(file('half')).length, 1);
  process.emit('SIGTERM', 'SIGTERM');
  await assert.rejects(left, (error: Stopped) => error instanceof Stopped && error.code === 143);
  assert.deepEqual(readdirSync(file('half')), []);
});

test('a reader that has had enough, and streams that are closed, change no exit code and print no stack', async () => {
  const inspect = ['inspect', 'digits'];
  const piped = await run(inspect, { redirected: '| head -1; exit ${PIPESTATUS[0]}' });
  assert.deepEqual([piped.code, piped.out.split('\n').length, piped.err], [0, 2, '']);
  assert.deepEqual(await run(inspect, { redirected: '>&-' }), { code: 0, out: '', err: '' });
  assert.deepEqual(await run(['sample', '--network', 'digit'], { redirected: '2>&-' }), { code: 2, out: '', err: '' });
  assert.deepEqual(await run(inspect, { redirected: '>/dev/full' }), { code: 1, out: '', err: '' });
});
