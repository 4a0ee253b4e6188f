/* What the check on a card carries: the program, and PyTorch's side of it. */
import { cp, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFeatures } from './features-bundle';
import { caseOf } from './training-case';
import { COSIM, denoiserOf, methodOf, OPTIONS, SAMPLING } from '../../bench/cases';
import { auxiliaryOf, type Denoiser } from '../../src/networks';
import { carryProgram } from '../carried-program';
import { root } from '../project';

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

/** Makes the folder anew, with a feature network in it where `features` is its file. @returns its size in bytes */
export const makeBundle = async (folder: string, { features }: { features?: string } = {}): Promise<number> => {
  await carryProgram(folder, join(__dirname, 'main.ts'), 'check-gpu');
  for (const file of ['torch_model.py', 'torch_steps.py', 'safetensors_file.py'])
    await cp(join(root, 'bench', file), join(folder, file));
  for (const file of ['torch_cuda.py', 'run.sh']) await cp(join(__dirname, file), join(folder, file));
  const names = ['mlp-cosim', 'unet-edm', 'unet-cosim', 'cifar-edm', 'cifar-cosim', 'cifar-forward', 'sample-unet'];
  await writeFile(join(folder, 'cases.json'), JSON.stringify(shapesFor(names)));
  if (features !== undefined) await writeFeatures(folder, features);
  return folderBytes(folder);
};
