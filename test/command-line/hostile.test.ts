import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { before, test } from 'node:test';
import MarkdownIt from 'markdown-it';
import { writeSafetensors } from '../../src/checkpoints';
import { selectBackend } from '../../src/compute/backend';
import { temporaryFolder } from '../temporary-folder';
import { HOSTILE } from '../text/hostile';
import { pngOf } from '../datasets/files';
import { tinyImageNet, tinyImages } from '../tiny';
import { startRun } from '../training/runs';
import { cosim } from './commands';

const file = temporaryFolder();

/** Those that a file system takes as a name, and one as long as it can be. */
const NAMES = [...HOSTILE.map(name => name.replaceAll('/', '_')), 'n'.repeat(200)];

/** What a terminal would act on. */
const CONTROL = /(?![\t\n])[\p{Cc}\p{Bidi_Control}]/u;

/** Asserts that what was said is text, and, of a table, that every line of it is a line of ours. */
const expectText = ({ out, err }: { out: string; err: string }): void => {
  assert.doesNotMatch(out, CONTROL);
  assert.doesNotMatch(err, CONTROL);
};

before(async () => {
  await selectBackend({ backend: 'wasm' });
});

test('inspect shows names of tensors, and what a file says, on one line each', async () => {
  const data = new Float32Array(1);
  const tensors = Object.fromEntries(NAMES.map(name => [name, { dtype: 'F32' as const, shape: [1], data }]));
  await writeSafetensors(file('names.safetensors'), tensors, Object.fromEntries(NAMES.map((name, i) => [name, NAMES[NAMES.length - 1 - i]]))); // prettier-ignore
  const shown = await cosim('inspect', file('names.safetensors'));
  assert.equal(shown.code, 0, shown.err);
  expectText(shown);
  assert.equal(shown.out.split('\n').filter(line => / {2}F32 {2}\[1\]$/.test(line)).length, NAMES.length);
  const { out } = await cosim('inspect', file('names.safetensors'), '--json');
  assert.doesNotMatch(out, CONTROL);
  const { tensors: listed } = JSON.parse(out) as { tensors: object };
  assert.deepEqual(Object.keys(listed).sort(), [...NAMES].sort());
});

test('runs, their comparison and the card of a run in folders of such names', async () => {
  const names = NAMES.slice(0, 2)
    .concat(NAMES.filter(name => CONTROL.test(name) || name.includes('\n')))
    .slice(0, 5);
  for (const [i, name] of names.entries()) {
    const run = startRun(tinyImageNet(), tinyImages);
    await run.train({ images: 8 * (1 + (i % 2)), dir: file(`runs/${name}`) });
    run.dispose();
  }
  const listed = await cosim('runs', file('runs'));
  assert.equal(listed.code, 0, listed.err);
  expectText(listed);
  assert.equal(listed.out.trim().split('\n').length, 1 + names.length); // a line a run
  const compared = await cosim('runs', 'compare', file(`runs/${names[0]}`), file(`runs/${names.at(-1)!}`));
  assert.equal(compared.code, 0, compared.err);
  expectText(compared);
  for (const [i, name] of names.entries()) {
    const hub = file(`hub-${i}`);
    const exported = await cosim(
      'export',
      file(`runs/${name}`),
      '--hub',
      hub,
      '--tags',
      name.replace(/[\p{C},]/gu, ''),
    );
    assert.equal(exported.code, 0, exported.err);
    expectText(exported);
    const [, front, body] = /^---\n([^]*?)\n---\n([^]*)$/.exec(readFileSync(`${hub}/README.md`, 'utf8'))!;
    for (const line of front.split('\n')) JSON.parse(line.replace(/^\w+: /, '')); // JSON is YAML
    assert.doesNotMatch(body, CONTROL);
    const html = new MarkdownIt({ html: true, linkify: true }).render(body);
    assert.deepEqual([...new Set([...html.matchAll(/<(\w+)/g)].map(([, tag]) => tag))].sort(), ['code', 'h1', 'h2', 'p', 'pre', 'table', 'tbody', 'td', 'th', 'thead', 'tr']); // prettier-ignore
    assert.equal([...html.matchAll(/<h[1-6]/g)].length, 2);
  }
});

test('data info of a folder, and messages about what is not there, in such names', async () => {
  for (const name of NAMES) {
    expectText(await cosim('inspect', file(name)));
    expectText(await cosim('sample', '--network', name));
    expectText(await cosim('data', 'info', name));
    expectText(await cosim('eval', 'compare', name, name));
    expectText(await cosim(name));
    expectText(await cosim('sample', `--${name}`));
    expectText(await cosim('completion', name));
  }
  const folder = file(NAMES.find(name => name.includes('\x1b'))!);
  mkdirSync(folder);
  for (const name of NAMES.slice(0, 3))
    writeFileSync(`${folder}/${name}.png`, await pngOf(new Uint8Array(64), 8, 8, 1));
  const info = await cosim('data', 'info', folder);
  assert.equal(info.code, 0, info.err);
  expectText(info);
});

test('what the Hub would not take as a licence or a model is refused', async () => {
  for (const name of HOSTILE) {
    const license = await cosim('export', 'digits', '--hub', file('hub'), '--license', name);
    assert.deepEqual([license.code, license.err.includes('--license must be')], [2, true]);
    const base = await cosim('export', 'digits', '--hub', file('hub'), '--base-model', name);
    assert.deepEqual([base.code, base.err.includes('--base-model must be')], [2, true]);
  }
});
