import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import type { Command } from 'commander';
import { program } from '../../src/command-line';
import { withInner } from '../../src/command-line/wrong-use';
import { cosim } from './commands';

const SILENT = { out: () => undefined, err: () => undefined, live: false };

/** What is typed after `cosim` for a command. */
const wordsOf = (command: Command): string[] => (command.parent ? [...wordsOf(command.parent), command.name()] : []);

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

test('every option that the help of any command shows is completed, and every inner command', async () => {
  const { out } = await cosim('completion', 'bash');
  const commands = withInner(program(SILENT));
  assert.ok(commands.length > 20);
  for (const command of commands) {
    const path = wordsOf(command);
    const help = (await cosim(...path, '--help')).out;
    const shown = [...help.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, flag]) => flag).sort();
    assert.deepEqual(offered(out, ...path, '--').sort(), shown, path.join(' '));
    const inner = command.commands.map(one => one.name());
    assert.deepEqual(inner.filter(name => !offered(out, ...path, name.slice(0, -1)).includes(name)), [], path.join(' ')); // prettier-ignore
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
