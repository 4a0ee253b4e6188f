import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { root } from '../../scripts/project';

const ROOMS = /^(\.\.\/)?(src|scripts|test|docs|bench|examples|data|notebooks)\//;

const documents = [
  ...[
    'README.md',
    'FEATURES.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    'RESULTS.md',
    'notebooks/README.md',
    'data/README.md',
  ],
  ...readdirSync(join(root, 'docs')).flatMap(name => (name.endsWith('.md') ? [`docs/${name}`] : [])),
  ...readdirSync(join(root, 'src')).flatMap(name =>
    existsSync(join(root, 'src', name, 'README.md')) ? [`src/${name}/README.md`] : [],
  ),
];

/** Without code blocks: they show files of the reader's own. */
const textOf = (document: string): string =>
  readFileSync(join(root, document), 'utf8').replace(/^```[\s\S]*?^```/gm, '');

/** Whether a path with at most one star in its last part names a file. */
const exists = (path: string): boolean => {
  if (!path.includes('*')) return existsSync(path);
  const pattern = new RegExp(
    `^${path
      .slice(dirname(path).length + 1)
      .replace(/[.]/g, '\\.')
      .replace('*', '.*')}$`,
  );
  return existsSync(dirname(path)) && readdirSync(dirname(path)).some(name => pattern.test(name));
};

test('files that the documents name are there', () => {
  const absent = documents.flatMap(document =>
    [...textOf(document).matchAll(/`([\w./*-]+)`/g)]
      .map(([, path]) => path)
      .filter(path => ROOMS.test(path) && path !== 'docs/site' && !/NAME|PATH/.test(path))
      .filter(path => !exists(join(root, path)) && !exists(join(root, dirname(document), path)))
      .map(path => `${document}: ${path}`),
  );
  assert.deepEqual([...new Set(absent)], []);
});

test('source files that they name without a folder are there too', () => {
  const names = new Set(
    ['src', 'scripts', 'test', 'bench', 'examples'].flatMap(folder =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map(path => basename(path)),
    ),
  );
  const absent = documents.flatMap(document =>
    [...textOf(document).matchAll(/`([\w.-]+\.(?:ts|mjs))`/g)]
      .map(([, name]) => name)
      .filter(name => !names.has(name) && !/NAME|^10_name|^first/.test(name))
      .map(name => `${document}: ${name}`),
  );
  assert.deepEqual([...new Set(absent)], []);
});

test('links between the documents lead to files', () => {
  const broken = documents.flatMap(document =>
    [...textOf(document).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)|<img src="([^"]+)"/g)]
      .map(([, link, picture]) => link ?? picture)
      .filter(link => !/^[a-z]+:/.test(link))
      .map(link => join(root, dirname(document), decodeURIComponent(link)))
      .filter(path => !existsSync(path))
      .map(path => `${document}: ${relative(root, path)}`),
  );
  assert.deepEqual([...new Set(broken)], []);
});
