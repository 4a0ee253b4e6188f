// The tests that a version of Node can break (native modules, files, threads, the command line), on versions other than
// the one in use: `node --import tsx scripts/nodes.ts 22 24`. The npm package `node` carries the binaries.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './project';

/** Folders of test/; the others compute, on the same libraries, what does not depend on Node. */
const FOLDERS = ['checkpoints', 'datasets', 'figures', 'notebook', 'provenance', 'scripts'];

/** Packages with code of their own for the machine. */
const NATIVE = ['canvas', 'sharp', 'onnxruntime-node', 'koffi'];

/** The binary of a version, from the cache of node_modules or fetched into it. */
const binaryOf = (version: string): string => {
  const folder = join(root, 'node_modules', '.cache', 'cosim', `node-${version}`);
  const binary = join(folder, 'node_modules', 'node', 'bin', 'node');
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const { status } = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', `node@${version}`], {
    cwd: folder,
    stdio: 'inherit',
  });
  if (status !== 0 || !existsSync(binary)) throw new Error(`npm could not fetch Node ${version}.`);
  return binary;
};

/** Whether all passed. */
const testOn = (version: string): boolean => {
  const node = binaryOf(version);
  const run = (...args: string[]): number | null => spawnSync(node, args, { cwd: root, stdio: 'inherit' }).status;
  const load = `for (const name of ${JSON.stringify(NATIVE)}) require(name); console.log('Node', process.version)`;
  return run('-e', load) === 0 && run('--import', 'tsx', 'scripts/test.ts', '--unit', ...FOLDERS) === 0;
};

const versions = process.argv.slice(2);
const passed = versions.map(testOn);
process.exitCode = versions.length > 0 && passed.every(Boolean) ? 0 : 1;
