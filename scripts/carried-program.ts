/*
 * A program of the project in a folder that runs on a machine with neither Node nor network: all that it imports in one
 * file, koffi, TensorFlow.js' WebAssembly, and this machine's Node, compressed.
 */
import { spawnSync } from 'node:child_process';
import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { root } from './project';

/** Optional packages: the library goes on where it does not find them. */
const OPTIONAL = ['onnxruntime-node', 'webgpu', '@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-backend-webgpu'];

/** Packages for pictures and figures, which training does not touch; imported with the rest, they are empty there. */
const UNUSED = /^(sharp|canvas|vega|vega-lite|tslab)$/;

/** koffi looks for its binary beside itself: it travels as the package that it is. */
const PACKAGES = ['koffi', '@koromix/koffi-linux-x64'];

const withoutUnused: Plugin = {
  name: 'without-unused',
  setup: bundler => {
    bundler.onResolve({ filter: UNUSED }, ({ path }) => ({ path, namespace: 'empty' }));
    bundler.onLoad({ filter: /.*/, namespace: 'empty' }, () => ({ contents: 'module.exports = {};', loader: 'js' }));
  },
};

const compressed = (from: string, to: string): void => {
  const small =
    'strip -o "$2.bare" "$1" 2>/dev/null || cp "$1" "$2.bare"; xz -T0 -6 -c "$2.bare" > "$2" && rm "$2.bare"';
  const { status } = spawnSync('sh', ['-c', small, 'sh', from, to], { stdio: 'inherit' });
  if (status !== 0) throw new Error(`xz could not compress ${from}: is it installed?`);
};

type Bundling = { plugins?: readonly Plugin[]; banner?: string };

/** All that `entry` imports, but for koffi and what is optional, as one file. */
export const oneFile = async (
  entry: string,
  outfile: string,
  { plugins = [], banner = '' }: Bundling = {},
): Promise<void> => {
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    minify: true,
    keepNames: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    banner: { js: banner },
    external: [...PACKAGES, ...OPTIONAL],
    plugins: [withoutUnused, ...plugins],
    logLevel: 'error',
  });
};

/** Makes the folder anew. @param program name of the one file, without `.cjs` */
export const carryProgram = async (
  folder: string,
  entry: string,
  program: string,
  bundling: Bundling = {},
): Promise<void> => {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await oneFile(entry, join(folder, `${program}.cjs`), bundling);
  for (const name of PACKAGES)
    await cp(join(root, 'node_modules', name), join(folder, 'node_modules', name), { recursive: true });
  await rm(join(folder, 'node_modules', 'koffi', 'doc'), { recursive: true, force: true });
  const wasm = join(root, 'node_modules', '@tensorflow', 'tfjs-backend-wasm', 'dist');
  for (const file of (await readdir(wasm)).filter(name => name.endsWith('.wasm')))
    await cp(join(wasm, file), join(folder, file));
  compressed(process.execPath, join(folder, 'node.xz'));
};
