/*
 * A folder that runs the check on a machine with neither Node nor network: this machine's Node, compressed; the program
 * and all that it imports in one file; koffi; TensorFlow.js' WebAssembly; PyTorch's side.
 */
import { spawnSync } from 'node:child_process';
import { cp, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { caseOf } from './training-case';
import { COSIM, denoiserOf, methodOf, OPTIONS, SAMPLING } from '../../bench/cases';
import { auxiliaryOf, type Denoiser } from '../../src/networks';
import { root } from '../project';

/** Optional packages: the library goes on where it does not find them. */
const OPTIONAL = ['onnxruntime-node', 'webgpu', '@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-backend-webgpu'];

/** Packages for pictures and figures, which training does not touch; imported with the rest, they are empty here. */
const UNUSED = /^(sharp|canvas|vega|vega-lite|tslab)$/;

const withoutUnused: Plugin = {
  name: 'without-unused',
  setup: bundler => {
    bundler.onResolve({ filter: UNUSED }, ({ path }) => ({ path, namespace: 'empty' }));
    bundler.onLoad({ filter: /.*/, namespace: 'empty' }, () => ({ contents: 'module.exports = {};', loader: 'js' }));
  },
};

/** koffi looks for its binary beside itself: it travels as the package that it is. */
const PACKAGES = ['koffi', '@koromix/koffi-linux-x64'];

const compressed = (from: string, to: string): void => {
  const { status } = spawnSync('sh', ['-c', 'xz -T0 -6 -c "$1" > "$2"', 'sh', from, to], { stdio: 'inherit' });
  if (status !== 0) throw new Error(`xz could not compress ${from}: is it installed?`);
};

/** What PyTorch's side needs of each case: shapes, in its own layout. */
const shapesFor = (names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(
    names.map(name => {
      const which = caseOf(name, 1);
      const denoiser = denoiserOf(which);
      const roles: Record<string, Denoiser> =
        which.work === 'cosim' ? { theta: denoiser, phi: denoiser, psi: auxiliaryOf(denoiser) } : { phi: denoiser };
      const shapes = Object.entries(roles).map(([role, { parameters }]) => [
        role,
        Object.fromEntries(parameters.map(({ name: key, shape }) => [key, theirs(shape)])),
      ]);
      return [
        name,
        {
          work: which.work,
          config: denoiser.config,
          sample: denoiser.sampleShape,
          options: { ...OPTIONS, ...COSIM, ...SAMPLING, phiScale: methodOf(which).updates.at(-1)?.lossScale ?? 1 },
          roles: Object.fromEntries(shapes) as unknown,
        },
      ];
    }),
  );

/** A kernel [h, w, in, out] as PyTorch has it, [out, in, h, w]; a matrix the other way round. */
const theirs = (shape: readonly number[]): number[] => {
  if (shape.length === 2) return [shape[1], shape[0]];
  return shape.length === 4 ? [shape[3], shape[2], shape[0], shape[1]] : [...shape];
};

const folderBytes = async (folder: string): Promise<number> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = entries
    .filter(entry => entry.isFile())
    .map(async entry => (await stat(join(entry.parentPath, entry.name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
};

/** Makes the folder anew. @returns its size in bytes */
export const makeBundle = async (folder: string): Promise<number> => {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await build({
    entryPoints: [join(__dirname, 'main.ts')],
    outfile: join(folder, 'check-gpu.cjs'),
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    external: [...PACKAGES, ...OPTIONAL],
    plugins: [withoutUnused],
    logLevel: 'error',
  });
  for (const name of PACKAGES)
    await cp(join(root, 'node_modules', name), join(folder, 'node_modules', name), { recursive: true });
  await rm(join(folder, 'node_modules', 'koffi', 'doc'), { recursive: true, force: true });
  const wasm = join(root, 'node_modules', '@tensorflow', 'tfjs-backend-wasm', 'dist');
  for (const file of (await readdir(wasm)).filter(name => name.endsWith('.wasm')))
    await cp(join(wasm, file), join(folder, file));
  for (const file of ['torch_model.py', 'torch_steps.py', 'safetensors_file.py'])
    await cp(join(root, 'bench', file), join(folder, file));
  for (const file of ['torch_cuda.py', 'run.sh']) await cp(join(__dirname, file), join(folder, file));
  const names = ['mlp-cosim', 'unet-edm', 'unet-cosim', 'cifar-edm', 'cifar-cosim', 'cifar-forward', 'sample-unet'];
  await writeFile(join(folder, 'cases.json'), JSON.stringify(shapesFor(names)));
  compressed(process.execPath, join(folder, 'node.xz'));
  return folderBytes(folder);
};
