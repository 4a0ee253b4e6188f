import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { cosim } from './commands';

/** What bash offers for a line whose end is being typed. */
const offered = (script: string, ...words: string[]): string[] => {
  const typed = words.map(word => `'${word}'`).join(' ');
  const program = `${script}\nCOMP_WORDS=(cosim ${typed}); COMP_CWORD=${words.length}; _cosim; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync('bash', ['--norc', '-c', program], { encoding: 'utf8' });
  assert.deepEqual([status, stderr], [0, '']);
  return stdout.split('\n').filter(line => line !== '');
};

test('bash completes commands, inner commands, options, their values and files', async () => {
  const { code, out } = await cosim('completion', 'bash');
  assert.equal(code, 0);
  assert.deepEqual(offered(out, 'sa'), ['sample']);
  assert.deepEqual(offered(out, 'eval', 'st'), ['stats']);
  assert.deepEqual(offered(out, 'eval', 'stats', '--spl'), ['--split']);
  assert.deepEqual(offered(out, 'eval', 'stats', '--split', 't').sort(), ['test', 'train']);
  assert.deepEqual(offered(out, 'eval', '--network', 'digits', '--met'), ['--metrics']);
  assert.deepEqual(offered(out, 'completion', 'z'), ['zsh']);
  assert.deepEqual(offered(out, 'inspect', 'package.j'), ['package.json']);
});

test('every command and option that help shows is completed', async () => {
  const { out } = await cosim('completion', 'bash');
  for (const path of [['sample'], ['distill'], ['eval', 'compare'], ['runs', 'history'], ['export']]) {
    const help = (await cosim(...path, '--help')).out;
    const shown = [...help.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, flag]) => flag).sort();
    assert.deepEqual(offered(out, ...path, '--').sort(), shown);
  }
});

test('zsh and fish have scripts of their own; another shell is refused with those that there are', async () => {
  assert.match((await cosim('completion', 'zsh')).out, /^#compdef cosim\n/);
  const fish = (await cosim('completion', 'fish')).out;
  assert.match(
    fish,
    /__fish_seen_subcommand_from eval; and __fish_seen_subcommand_from stats' -l split -x -a 'train test'/,
  );
  const wrong = await cosim('completion', 'tcsh');
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /<shell>: unknown value 'tcsh'.* Known: bash, zsh, fish/);
});
