/*
 * Where a plugin's own libraries lie. CUDA's plugin opens NVIDIA's libraries by name only; beside it in site-packages they
 * come as wheels, `nvidia/PART/lib/libPART.so.N`, where the loader does not look. A library that is open already satisfies
 * a later search for its name: so they are opened first, by their paths, and nobody has to set LD_LIBRARY_PATH.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { koffi } from './koffi';

/** Those that XLA opens, or that these need. */
const NEEDED =
  /^lib(cudart|nvJitLink|nvrtc|nvrtc-builtins|cublasLt|cublas|cufft|cusparse|cusolver|cudnn|cudnn_graph|cupti|nccl|nvshmem_host)\.so\.\d+/;

/** The `site-packages` that a plugin's file lies in; undefined for a file that lies elsewhere. */
export const sitePackagesOf = (plugin: string): string | undefined => {
  const place = dirname(dirname(plugin)); // site-packages/jax_plugins, or site-packages itself
  return [place, dirname(place)].find(folder => /^(site|dist)-packages$/.test(folder.split('/').at(-1) ?? ''));
};

/** Paths of NVIDIA's libraries in the wheels beside a plugin; none for other plugins. */
export const librariesOf = (plugin: string): string[] => {
  const site = sitePackagesOf(plugin);
  const root = site && join(site, 'nvidia');
  if (!root || !existsSync(root)) return [];
  return readdirSync(root)
    .map(part => join(root, part, 'lib'))
    .filter(folder => existsSync(folder) && statSync(folder).isDirectory())
    .flatMap(folder =>
      readdirSync(folder)
        .filter(name => NEEDED.test(name))
        .map(name => join(folder, name)),
    )
    .sort();
};

/** The folder with `bin/ptxas` or `nvvm/libdevice` that XLA assembles its kernels with; undefined where there is none. */
export const cudaFolderOf = (plugin: string): string | undefined => {
  const site = sitePackagesOf(plugin);
  const wheels = site && existsSync(join(site, 'nvidia')) ? readdirSync(join(site, 'nvidia')) : [];
  const folders = [
    ...wheels.map(part => join(site ?? '', 'nvidia', part)),
    process.env.CUDA_HOME,
    process.env.CUDA_PATH,
    '/usr/local/cuda',
    '/opt/cuda',
  ];
  return folders.find(
    folder => folder && (existsSync(join(folder, 'bin', 'ptxas')) || existsSync(join(folder, 'nvvm', 'libdevice'))),
  );
};

const RTLD_NOW_GLOBAL = 0x102;
const opened = new Set<string>();

/**
 * Opens libraries for all that is loaded later. Which needs which is not known here: what does not open yet is tried again
 * after the others, as long as that helps.
 * @returns those that do not open, with the loader's words
 */
export const openLibraries = (paths: readonly string[]): { path: string; reason: string }[] => {
  const libc = koffi().load(null);
  const dlopen = libc.func('void *dlopen(const char *path, int flags)') as (path: string, flags: number) => unknown;
  const dlerror = libc.func('const char *dlerror()') as () => string | null;
  let left = paths.filter(path => !opened.has(path));
  for (let before = left.length + 1; left.length < before && left.length > 0;) {
    before = left.length;
    left = left.filter(path => {
      if (!dlopen(path, RTLD_NOW_GLOBAL)) return true;
      opened.add(path);
      return false;
    });
  }
  return left.map(path => {
    dlopen(path, RTLD_NOW_GLOBAL);
    return { path, reason: dlerror() ?? 'unknown' };
  });
};

/** Sets a variable for C as well as for JavaScript: in a worker thread `process.env` is a copy that C does not see. */
export const setVariable = (name: string, value: string): void => {
  process.env[name] = value;
  const setenv = koffi().load(null).func('int setenv(const char *name, const char *value, int overwrite)') as (
    ...args: [string, string, number]
  ) => number;
  setenv(name, value, 1);
};
