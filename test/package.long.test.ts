/* What `npm pack` writes, unpacked into an empty project: the smallest program of README runs there as it is pasted. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { temporaryFolder } from './temporary-folder';

const root = join(__dirname, '..');
const place = temporaryFolder();
const project = place();
const installed = place('node_modules', 'cosim');

/** Links every package that is installed here, but cosim itself. */
const linkDependencies = (): void => {
  const [from, to] = [join(root, 'node_modules'), place('node_modules')];
  mkdirSync(to);
  for (const name of readdirSync(from))
    if (name !== 'cosim' && !name.startsWith('.')) symlinkSync(join(from, name), join(to, name));
};

before(() => {
  const args = ['pack', '--ignore-scripts', '--silent', '--pack-destination', project];
  const file = execFileSync('npm', args, { cwd: root, encoding: 'utf8' }).trim().split('\n').at(-1)!;
  linkDependencies();
  mkdirSync(installed);
  execFileSync('tar', ['xzf', place(file), '--strip-components=1', '-C', installed]);
  writeFileSync(place('package.json'), JSON.stringify({ name: 'mine', private: true }));
});

test('the package has what its users read, and nothing of the build', () => {
  for (const name of ['README.md', 'CHANGELOG.md', 'LICENSE', 'data/README.md', 'examples/sample_edm.ts'])
    assert.ok(existsSync(join(installed, name)), name);
  const names = readdirSync(installed, { recursive: true }).map(String);
  const unwanted = names.filter(name =>
    /^(src|test|figures|notebooks|data\/cache)(\/|$)|\.(tsbuildinfo|built)$/.test(name),
  );
  assert.deepEqual(unwanted, []);
  for (const name of names.filter(name => name.endsWith('.js.map'))) {
    const map = JSON.parse(readFileSync(join(installed, name), 'utf8')) as { sourcesContent?: (string | null)[] };
    assert.ok(map.sourcesContent?.every(Boolean), `${name} has no sources`);
  }
});

test('the smallest program of README runs as it is pasted, with fewer images', () => {
  const readme = readFileSync(join(installed, 'README.md'), 'utf8');
  const program = /```ts\n(import \* as cosim from 'cosim';\n[\s\S]*?)```/.exec(readme)?.[1];
  assert.ok(program, 'README has a program');
  const text = program.replace('images: 6400', 'images: 128');
  assert.notEqual(text, program);
  writeFileSync(place('first.mts'), `${text}\nconsole.log('drawn', data.length);\n`);
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'first.mts'], {
    cwd: project,
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^128 [\d.]+$/m);
  assert.match(stdout, new RegExp(`^drawn ${4 * 16 * 16}$`, 'm'));
  assert.ok(existsSync(place('runs', 'first')));
});
