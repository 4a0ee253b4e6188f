import assert from 'node:assert/strict';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { parseNumbers } from '../../src/checkpoints';
import { program } from '../../src/command-line';
import { jsonLine } from '../../src/command-line/json-output';
import { withInner } from '../../src/command-line/wrong-use';
import { selectBackend } from '../../src/compute/backend';
import { temporaryFolder } from '../temporary-folder';
import { tinyImageNet, tinyImages } from '../tiny';
import { startRun } from '../training/runs';
import { cosim } from './commands';

const file = temporaryFolder();

before(async () => {
  mkdirSync(file('pictures'));
  await selectBackend({ backend: 'wasm' });
  for (const name of ['one', 'two']) {
    const run = startRun(tinyImageNet(), tinyImages);
    await run.train({ images: 8, dir: file(`runs/${name}`) });
    run.dispose();
  }
});

const SILENT = { out: () => undefined, err: () => undefined, live: false };

test('every command that has a result has --json; groups of commands and the script of a shell have none', () => {
  const without = withInner(program(SILENT)).filter(({ options }) => !options.some(({ long }) => long === '--json'));
  assert.deepEqual(without.map(command => command.name()), ['cosim', 'data', 'features', 'engine', 'completion']); // prettier-ignore
});

/** Commands, and the keys of what they give; those of a list, of each in it. */
const results: [args: () => string[], keys: string[]][] = [
  [() => ['sample', '--network', 'digits-cosim', '--seeds', '0,1', '--steps', '1', '--out', file('a.png')], ['backend', 'file', 'n', 'network', 'sampling', 'seconds', 'shape']],
  [() => ['convert', file('runs/one'), file('one.safetensors')], ['bytes', 'file', 'images', 'network', 'sampler', 'tensors', 'times']],
  [() => ['convert', file('one.safetensors'), file('two.safetensors')], ['bytes', 'file', 'source', 'tensors']],
  [() => ['inspect', 'digits'], ['bytes', 'file', 'format', 'parts', 'tensors', 'values']],
  [() => ['inspect', 'digits', '--no-tensors'], ['bytes', 'file', 'format', 'parts', 'values']],
  [() => ['export', 'digits-cosim', '--onnx', file('a.onnx'), '--hub', file('hub')], ['hub', 'onnx']],
  [() => ['runs', file('runs')], ['dataset', 'dir', 'images', 'last', 'measured', 'method', 'savedAt']],
  [() => ['runs', 'compare', file('runs/one'), file('runs/two')], ['measured', 'options', 'runs']],
  [() => ['runs', 'history', file('runs/one'), '--csv', file('one.csv')], ['dir', 'files', 'steps']],
  [() => ['data', 'info', 'digits', '--limit', '20'], ['classes', 'counts', 'deviation', 'length', 'mean', 'n', 'name', 'provenance', 'sampleShape']],
  [() => ['features', 'info'], ['bytes', 'file', 'name', 'title']],
  [() => ['features', 'info', 'digits'], ['classes', 'd', 'name', 'preprocessing', 'sha256']],
  [() => ['eval', 'stats', '--data', 'digits', '--features', 'digits', '--n-reference', '70', '--cache', file('cache'), '--out', file('a.npz')], ['d', 'features', 'file', 'madeBy', 'n', 'source']],
  [() => ['sample', '--network', 'digits-cosim', '--seeds', '0-3', '--steps', '1', '--out', file('pictures/a.png')], ['file', 'n']],
  [() => ['data', 'make', file('pictures'), file('pictures.zip'), '--resolution', '16', '--transform', 'center-crop'], ['bytes', 'classes', 'file', 'n']],
  [() => ['eval', '--network', 'digits-cosim', '--steps', '1', '--data', 'digits', '--features', 'digits', '--n', '10', '--n-reference', '20', '--cache', file('cache')], ['images', 'results']],
  [() => ['distill', '--preset', 'digits', '--engine', 'eager', '--batch', '2', '--images', '4', '--n', '6', '--n-reference', '20', '--steps', '1', '--out', file('distilled')], ['dir', 'engine', 'images', 'last', 'seconds', 'steps']],
  [() => ['engine', 'list'], ['hardware', 'plugins', 'problem']],
  [() => ['doctor'], ['accelerator', 'backend', 'canvas', 'cpu', 'disk', 'engine', 'kernelspec', 'memory', 'node', 'pinned', 'tslab', 'typescript']],
]; // prettier-ignore

test('with --json standard output is one line of JSON, with the keys of the result', async t => {
  for (const [args, keys] of results)
    await t.test(args().slice(0, 2).join(' '), async () => {
      const { code, out, err } = await cosim(...args(), '--json');
      assert.equal(code, 0, err);
      assert.match(out, /^[[{].*[\]}]\n$/);
      const value = parseNumbers(out) as object;
      const one = (Array.isArray(value) ? value[0] : value) as object;
      const missing = keys.filter(key => !(key in one));
      assert.deepEqual(missing, [], Object.keys(one).join());
    });
  const { bytes } = JSON.parse((await cosim('convert', file('one.safetensors'), file('3.safetensors'), '--json')).out) as { bytes: number }; // prettier-ignore
  assert.equal(bytes, statSync(file('3.safetensors')).size);
});

test('what is refused leaves standard output empty, with --json too', async () => {
  mkdirSync(file('empty'));
  writeFileSync(file('text.safetensors'), 'text');
  for (const args of [['inspect', file('text.safetensors')], ['runs', 'compare', file('empty'), file('empty')], ['sample']]) {
    const { code, out, err } = await cosim(...args, '--json');
    assert.ok(code > 0 && out === '' && err.startsWith('cosim: '), args.join(' '));
  }
}); // prettier-ignore

test('numbers that are not finite survive, on one line, whatever is in a text', () => {
  const value = { a: NaN, b: [Infinity, -Infinity, 1e-300], c: null, d: 'line\none \u2028 \x1b[31m' };
  const line = jsonLine(value);
  assert.equal(line.indexOf('\n'), line.length - 1);
  assert.match(line, /"a":\{"\$number":"NaN"\}/);
  assert.deepEqual(parseNumbers(line), value);
});
