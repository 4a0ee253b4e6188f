import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { newestFolder, readSafetensors } from '../../src/checkpoints';
import { randomSource } from '../../src/compute/noise';
import { temporaryFolder } from '../temporary-folder';

/** Compiles the committer and what it imports to plain JavaScript, which starts several times faster than through tsx. */
const compile = (out: string): string => {
  const root = join(__dirname, '../..');
  const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
  for (const folder of ['src/compute', 'src/checkpoints', 'test/checkpoints']) {
    mkdirSync(join(out, folder), { recursive: true });
    for (const name of readdirSync(join(root, folder)).filter(file => file.endsWith('.ts'))) {
      const source = readFileSync(join(root, folder, name), 'utf8');
      const { outputText } = ts.transpileModule(source, { compilerOptions });
      writeFileSync(join(out, folder, name.replace(/ts$/, 'js')), outputText);
    }
  }
  return join(out, 'test/checkpoints/committer.js');
};

const random = randomSource({ seed: 1, stream: 'kill' });

/** Starts a process that commits checkpoints into `dir` one after another, and kills it at a random moment. */
const runAndKill = async (committer: string, dir: string): Promise<number> => {
  const child = spawn(process.execPath, [committer, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  let committed = -1;
  let started = false;
  for await (const chunk of child.stdout) {
    // Each line is the number of a checkpoint whose commit has returned.
    for (const line of String(chunk).split('\n')) if (line) committed = Number(line);
    if (!started) setTimeout(() => child.kill('SIGKILL'), random.uniform() * 60);
    started = true;
  }
  const [, signal] = (await ended) as [number | null, string | null];
  assert.equal(signal, 'SIGKILL');
  return committed;
};

/** Every visible checkpoint must be whole: both files there, every number in them the checkpoint's own. */
const checkWhole = async (path: string): Promise<void> => {
  const number = Number(path.split('/').at(-1));
  assert.deepEqual(JSON.parse(readFileSync(join(path, 'state.json'), 'utf8')), { number });
  const { tensors } = await readSafetensors(join(path, 'state.safetensors'));
  assert.ok((tensors.w.data as Float32Array).every(value => value === number));
  assert.equal(tensors.w.data.length, 20_000);
};

const killOften = async (committer: string, dir: string, times: number): Promise<void> => {
  for (let i = 0; i < times; i++) {
    const committed = await runAndKill(committer, dir);
    const newest = await newestFolder(dir);
    assert.ok(newest !== undefined && Number(newest.split('/').at(-1)) >= committed, 'a committed checkpoint is lost');
    const visible = readdirSync(dir).filter(name => !name.startsWith('.'));
    for (const name of visible) await checkWhole(join(dir, name));
    assert.ok(visible.length <= 3);
    assert.ok(readdirSync(dir).length <= 6, 'unfinished folders of earlier processes pile up');
  }
};

test('a process killed at 56 random moments leaves only whole checkpoints and never loses the newest', async () => {
  const place = temporaryFolder();
  const committer = compile(place('js'));
  await Promise.all(Array.from({ length: 4 }, (_, i) => killOften(committer, place(String(i)), 14)));
});
