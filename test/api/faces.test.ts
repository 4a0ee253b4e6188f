import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as cosim from '../../src';
import { consumer, manifest, node, paths, root } from './consumer';

const SUB_PATHS = [
  ...['losses', 'methods', 'networks', 'samplers', 'metrics'],
  ...['datasets', 'checkpoints', 'figures', 'studies', 'notebook'],
];

const namesOf = async (face: string): Promise<string[]> =>
  Object.keys((await import(`../../src/api/${face}`)) as object).filter(name => name !== 'default');

test('the package has ten sub-paths, each one file of src/api, for both ways in which TypeScript finds types', () => {
  assert.deepEqual(Object.keys(paths), ['cosim', ...SUB_PATHS]);
  const files = readdirSync(join(root, 'src', 'api')).filter(name => name.endsWith('.ts'));
  assert.deepEqual(files.sort(), SUB_PATHS.map(name => `${name}.ts`).sort());
  for (const name of SUB_PATHS) {
    const types = `dist/api/${name}.d.ts`;
    assert.deepEqual(manifest.exports[`./${name}`], { types: `./${types}`, default: `./dist/api/${name}.js` });
    assert.deepEqual(manifest.typesVersions['*'][name], [types]);
  }
});

test('the root keeps about forty names, and what a sub-path exports too is the same thing', async () => {
  const names = Object.keys(cosim);
  assert.ok(names.length <= 45, `${names.length} names`);
  const found = new Set<string>();
  for (const face of SUB_PATHS) {
    const own = (await import(`../../src/api/${face}`)) as Record<string, unknown>;
    for (const name of names.filter(name => name in own)) {
      assert.equal(own[name], cosim[name as keyof typeof cosim], `${face}: ${name}`);
      found.add(name);
    }
  }
  const alone = ['Run', 'distill', 'imageTask', 'pointsTask', 'pretrain', 'selectBackend'];
  assert.deepEqual(
    names.filter(name => !found.has(name) && !alone.includes(name)),
    [],
  );
});

test('`require` and `import` see the same names on every path, and nothing inside the package', async () => {
  const entries = JSON.stringify(Object.values(paths));
  const print = `for (const path of ${entries}) {
    const own = Object.keys(await load(path)).filter(name => !['default', 'module.exports', '__esModule'].includes(name));
    console.log(path, own.sort().join());
  }`;
  const folder = consumer({
    'required.cjs': `const load = require; (async () => { ${print} })();`,
    'imported.mjs': `const load = path => import(path); ${print}`,
    'inner.cjs': `try { require('cosim/dist/training/step.js'); } catch (error) { console.log(error.code); }`,
  });
  const printed = await Promise.all(['required.cjs', 'imported.mjs', 'inner.cjs'].map(file => node(folder, file)));
  rmSync(folder, { recursive: true });
  const expected = await Promise.all(
    SUB_PATHS.map(async face => `cosim/${face} ${(await namesOf(face)).sort().join()}\n`),
  );
  const everything = `cosim ${Object.keys(cosim).sort().join()}\n${expected.join('')}`;
  assert.deepEqual(printed, [everything, everything, 'ERR_PACKAGE_PATH_NOT_EXPORTED\n']);
});
