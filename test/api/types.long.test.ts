import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { consumer, node, paths, root } from './consumer';

const OURS = join(root, 'node_modules', 'typescript', 'lib', 'tsc.js');
const TSLABS = join(root, 'node_modules', '@tslab', 'typescript-for-tslab', 'lib', 'tsc.js');

const WAYS = {
  node10: { compiler: OURS, options: { module: 'commonjs', moduleResolution: 'node10' } },
  node16: { compiler: OURS, options: { module: 'node16', moduleResolution: 'node16' } },
  bundler: { compiler: OURS, options: { module: 'esnext', moduleResolution: 'bundler' } },
  'node10 in the TypeScript of the kernel': {
    compiler: TSLABS,
    options: { module: 'commonjs', moduleResolution: 'node10' },
  },
};

/** Calls every function of every path and exports what it returns: its declaration can be written only if each type has a name. */
const source = async (): Promise<string> => {
  const blocks = Object.entries(paths).map(async ([name, path]) => {
    const own = (await import(join(root, 'src', name === 'cosim' ? 'index' : `api/${name}`))) as Record<
      string,
      unknown
    >;
    const functions = Object.keys(own).filter(key => typeof own[key] === 'function' && /^[a-z]/.test(key));
    const calls = functions
      .filter(key => key !== 'default')
      .map(key => `export const ${name}_${key} = result(${name}.${key});`);
    return [`import * as ${name} from '${path}';`, ...calls].join('\n');
  });
  const result = 'declare const result: <R>(f: (...args: never[]) => R) => R;';
  return `${result}\n${(await Promise.all(blocks)).join('\n')}\n`;
};

describe('a TypeScript program that writes declarations can import every path and name every type', () => {
  for (const [way, { compiler, options }] of Object.entries(WAYS))
    it(way, async () => {
      const compilerOptions = {
        ...options,
        target: 'ES2022',
        lib: ['ES2022'],
        types: ['node'],
        strict: true,
        skipLibCheck: true,
        declaration: true,
        emitDeclarationOnly: true,
        outDir: 'out',
        preserveSymlinks: true,
      };
      const folder = consumer({
        'consumer.ts': await source(),
        'tsconfig.json': JSON.stringify({ compilerOptions, files: ['consumer.ts'] }),
      });
      assert.equal(await node(folder, compiler, '-p', '.', '--pretty', 'false'), '');
      rmSync(folder, { recursive: true });
    });
});
