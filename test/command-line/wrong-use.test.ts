import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { program } from '../../src/command-line';
import { withInner } from '../../src/command-line/wrong-use';
import { temporaryFolder } from '../temporary-folder';
import { cosim } from './commands';

const file = temporaryFolder();
mkdirSync(file('folder'));
writeFileSync(file('text.txt'), 'text');
writeFileSync(file('there.png'), 'mine');

const MODEL = ['--network', 'digits'];
const REAL = ['--data', 'digits', '--features', 'digits'];

/** Wrong uses of the command line, and the whole message of each, without 'cosim: ' and the advice to read the help. */
const wrong: [args: string[], message: string | RegExp][] = [
  // commands
  [['smaple'], /^unknown command 'smaple'\. Did you mean 'sample'\? Known: convert, .*, completion\.$/],
  [['smaple', '--help'], /^unknown command 'smaple'\. Did you mean 'sample'\?/],
  [['help', 'smaple'], /^unknown command 'smaple'\. Did you mean 'sample'\?/],
  [['eval', 'comapre', 'a', 'b'], "eval: unknown command 'comapre'. Did you mean 'compare'? Known: stats, compare."],
  [['data', 'mkae'], "data: unknown command 'mkae'. Did you mean 'make'? Known: fetch, make, info."],
  // what is missing, all at once
  [['convert'], '<in> and <out> are needed'],
  [['sample'], '--network is needed'],
  [['distill'], '--preset and --out are needed'],
  [['distill', '--preset', 'cifar10-uncond'], '--out, --teacher (edm-cifar10-32x32-uncond-vp, which is not shipped) and --data are needed'],
  [['eval'], 'one of --network or --images, --features and one of --data or --reference are needed'],
  [['eval', 'stats', '--data', 'digits'], '--features and --out are needed'],
  [['eval', 'compare'], '<a> and <b> are needed'],
  [['export'], '<run> and one of --onnx or --hub are needed'],
  [['data', 'make'], '<source> and <dest> are needed'],
  [['data', 'info'], '<data> is needed'],
  [['features', 'fetch'], '<name> is needed'],
  [['runs', 'compare', 'a'], '<b> is needed'],
  [['runs', 'history'], '<run> and one of --csv or --tensorboard are needed'],
  [['engine', 'install'], '<kind> is needed'],
  [['completion'], '<shell> is needed'],
  // options
  [['sample', ...MODEL, '--seed', '1'], "unknown option '--seed'. Did you mean '--seeds'?"],
  [['sample', ...MODEL, '--seed=1'], "unknown option '--seed'. Did you mean '--seeds'?"],
  [['distill', '--prest', 'digits'], "unknown option '--prest'. Did you mean '--preset'?"],
  [['sample', ...MODEL, '--onnx', 'a'], "unknown option '--onnx'. It is an option of 'cosim export'."],
  [['inspect', 'digits', '--json=yes'], "--json takes no value, got 'yes'"],
  [['sample', '--network'], '--network <file>: its value is missing'],
  [['sample', ...MODEL, 'more'], "unexpected argument 'more'"],
  [['inspect', 'digits', '--', '--json'], "unexpected argument '--json'"],
  // values
  [['sample', ...MODEL, '--steps', '-1'], "--steps must be a whole number of at least 1, got '-1'"],
  [['sample', ...MODEL, '--steps=four'], "--steps must be a whole number of at least 1, got 'four'"],
  [['sample', ...MODEL, '--guidance', 'nan'], "--guidance must be a number, got 'nan'"],
  [['sample', ...MODEL, '--devices', 'both'], "--devices must be a whole number of at least 1, or all, got 'both'"],
  [['sample', ...MODEL, '--steps', '3', '--steps', '0'], "--steps must be a whole number of at least 1, got '0'"],
  [['distill', '--preset', 'digit'], /^--preset: unknown value 'digit'\. Did you mean 'digits'\? Known: cifar10-uncond, .*, digits\.$/],
  [['distill', '--preset', 'digits', '--out', file('run'), '--learning-rate', '-1'], '--learning-rate must be a finite number above 0, got -1'],
  // options that nothing would read
  [['distill', '--preset', 'cifar10-uncond', '--teacher', 'digits', '--data', 'digits', '--out', file('run'), '--eval-every', '100000'], '--eval-every is of measurements, of which there are none without --features'],
  [['distill', '--preset', 'digits', '--out', file('run'), '--features', 'none', '--blocks', '1'], '--blocks is of measurements, of which there are none without --features'],
  [['eval', '--images', 'x', ...REAL, '--class-name', 'EDMPrecond'], '--class-name says how --network draws; --images are drawn already'],
  [['eval', '--images', 'x', ...REAL, '--batch', '64'], '--batch says how --network draws; --images are drawn already'],
  [['eval', ...MODEL, '--features', 'digits', '--reference', 'x.npz', '--split', 'train'], '--split says how --data is looked at, which is not given'],
  // names and files to read
  [['sample', '--network', 'digit'], /^--network: unknown model, and no file, 'digit'\. Did you mean 'digits'\? Known: digits, /],
  [['sample', '--network', ''], /^--network: unknown model, and no file, ''\./],
  [['sample', ...MODEL, '--guide', 'none', '--out', file('a.png')], /^--guide: unknown model, and no file, 'none'/],
  [['eval', ...MODEL, '--data', 'digit', '--features', 'digits'], /^--data: unknown data set, and no file, 'digit'\. Did you mean 'digits'\?/],
  [['eval', ...MODEL, '--data', 'digits', '--features', 'digitz'], /^--features: unknown feature network 'digitz'\. Did you mean 'digits'\?/],
  [['eval', ...MODEL, ...REAL, '--reference', file('folder')], `--reference must be a file, got the folder '${file('folder')}'`],
  [['eval', 'compare', file('none.json'), file('text.txt')], `<a>: there is no file '${file('none.json')}'`],
  [['convert', file('none.pkl'), file('a.safetensors')], `<in>: there is no file or folder '${file('none.pkl')}'`],
  [['data', 'fetch', 'cifar10', '--from', file('none')], `--from: there is no file or folder '${file('none')}'`],
  [['runs', file('text.txt')], `[dir] must be a folder, got the file '${file('text.txt')}'`],
  // files to write
  [['sample', ...MODEL, '--out', file('folder')], `--out must end with .png or .safetensors, got '${file('folder')}'`],
  [['sample', ...MODEL, '--out', file('text.txt/a.png')], /^--out: \S+a\.png cannot be written: a part of the path is a file/],
  [['convert', 'a.pkl', file('there.png')], `<out> must end with .safetensors, got '${file('there.png')}'`],
  [['convert', file('text.txt'), file('a.safetensors'), '--card', file('there.png')], `--card: ${file('there.png')} is there already; --force replaces it`],
  [['export', 'digits', '--onnx', file('no/a.onnx')], `--onnx: ${file('no/a.onnx')} cannot be written: there is no folder ${file('no')}`],
]; // prettier-ignore

test('a wrong use is told by the argument, what was expected and what came, with 2, before anything is begun', async t => {
  const before = readdirSync(file(''));
  for (const [args, message] of wrong)
    await t.test(args.join(' '), async () => {
      const { code, out, err } = await cosim(...args);
      assert.deepEqual([code, out], [2, ''], err);
      const said = /^cosim: ([^]*?)(\nSee 'cosim [a-z ]*--help'\.)?\n$/.exec(err.split('\n').slice(err.startsWith('CIFAR') ? 2 : 0).join('\n'))?.[1]; // prettier-ignore
      if (typeof message === 'string') assert.equal(said, message);
      else assert.match(said ?? err, message);
    });
  assert.deepEqual(readdirSync(file('')), before);
  assert.equal(readFileSync(file('there.png'), 'utf8'), 'mine');
  assert.ok(!existsSync('samples.png'));
});

test('every command has help with an example, in both forms, and what stands behind -- is no option', async () => {
  const terminal = { out: () => undefined, err: () => undefined, live: false };
  for (const command of withInner(program(terminal))) {
    const path: string[] = [];
    for (let one = command; one.parent; one = one.parent) path.unshift(one.name());
    const [asked, other] = [await cosim(...path, '--help'), await cosim('help', ...path)];
    assert.deepEqual([asked.code, asked.err], [0, ''], path.join(' '));
    assert.equal(other.out, asked.out);
    if (path.length > 0) assert.match(asked.out, new RegExp(`\\$ (.*)cosim ${path.join(' ')}`), path.join(' '));
  }
  assert.equal((await cosim('inspect', '--no-tensors', '--', 'digits')).code, 0);
});
