/* Where the native backend lies: the folder of its npm package, in the node_modules that cosim finds it in. */
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { InstallError } from '../compute/xla/pjrt';

const PACKAGE = '@tensorflow/tfjs-node-gpu';

/** Where cosim lies. */
const COSIM = resolve(__dirname, '..', '..');

/** The package with its version, as npm takes it. */
export const nativePackage = (): string => {
  const text = readFileSync(join(COSIM, 'package.json'), 'utf8');
  const { optionalDependencies } = JSON.parse(text) as { optionalDependencies: Record<string, string> };
  return `${PACKAGE}@${optionalDependencies[PACKAGE]}`;
};

/** The folder where cosim finds the package, beside its own TensorFlow.js, and whether it is there. */
export const nativePlace = (from = COSIM): { place: string; there: boolean } => {
  const folders = createRequire(join(from, 'package.json')).resolve.paths(PACKAGE) ?? [];
  const beside = folders.find(path => existsSync(join(path, dirname(PACKAGE)))) ?? join(from, 'node_modules');
  const place = join(beside, PACKAGE);
  return { place, there: existsSync(join(place, 'package.json')) };
};

/** The compiled binding, below the place. */
export const BINDING = join('lib', 'napi-v8', 'tfjs_binding.node');

/** Where the native backend is; undefined where it was not made. */
export const nativeMade = (): string | undefined => {
  const { place } = nativePlace();
  return existsSync(join(place, BINDING)) ? place : undefined;
};

/** @throws InstallError where this user must not write */
export const expectWritable = (folder: string): void => {
  try {
    accessSync(folder, constants.W_OK);
  } catch {
    throw new InstallError(
      `${folder} cannot be written: install it as the user who installed cosim, or cosim in a folder of your own`,
    );
  }
};
