/*
 * Looks for PJRT plugins: the file that COSIM_PJRT_PLUGIN names, those that `cosim engine install` put into the user's
 * cache, then those of the Pythons on the PATH.
 */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { driverProblem, type Hardware, hardwareHere, nvidiaDriver } from './hardware';
import { userCache } from '../../user-cache';

/** What a plugin is for. `cpu` plugins serve tests; `named` is what COSIM_PJRT_PLUGIN names. */
export type PluginKind = 'cuda13' | 'cuda12' | 'rocm' | 'tpu' | 'cpu' | 'named';

/** A plugin's file and how it was found. */
export type FoundPlugin = { path: string; kind: PluginKind; from: 'COSIM_PJRT_PLUGIN' | 'cache' | 'python' };

/** Where the wheels of each kind put their plugin, below site-packages; in order of preference. */
const PLACES: readonly [PluginKind, RegExp, string][] = [
  ['cuda13', /^xla_cuda13$/, 'xla_cuda_plugin.so'],
  ['cuda12', /^xla_cuda12$/, 'xla_cuda_plugin.so'],
  ['rocm', /^xla_rocm\w*$/, 'xla_rocm_plugin.so'],
];

/** The hardware that a plugin of each kind drives. */
const HARDWARE: Partial<Record<PluginKind, Hardware>> = {
  cuda13: 'nvidia',
  cuda12: 'nvidia',
  rocm: 'amd',
  tpu: 'tpu',
};

/** What a plugin is for, told from its path. */
export const pluginKind = (path: string): PluginKind => {
  for (const [kind, folder] of PLACES) if (path.split('/').some(part => folder.test(part))) return kind;
  if (/libtpu[^/]*\.so$/.test(path)) return 'tpu';
  return (path.split('/').at(-1) ?? '').includes('cpu') ? 'cpu' : 'named';
};

/** Plugins in one site-packages. */
const inSitePackages = (site: string): string[] => {
  const folder = join(site, 'jax_plugins');
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const found = PLACES.flatMap(([, pattern, file]) =>
    names.filter(name => pattern.test(name)).map(name => join(folder, name, file)),
  );
  return [...found, join(site, 'libtpu', 'libtpu.so')].filter(path => existsSync(path));
};

/** Plugins of one Python environment, a folder with `lib/pythonX.Y/site-packages`. */
export const pluginsIn = (environment: string): string[] => {
  const lib = join(environment, 'lib');
  return existsSync(lib) ? readdirSync(lib).flatMap(python => inSitePackages(join(lib, python, 'site-packages'))) : [];
};

/** Those of all environments in a folder; hidden ones are being made. */
const pluginsOfAll = (folder: string): string[] =>
  (existsSync(folder) ? readdirSync(folder) : [])
    .filter(name => !name.startsWith('.'))
    .flatMap(name => pluginsIn(join(folder, name)));

const SITES = 'import json, site, sys; print(json.dumps(sys.path))';

/** Folders that a Python imports from; none where it does not answer within seconds. */
const pathsOf = (python: string): Promise<string[]> =>
  new Promise(resolve => {
    // -I: nothing of the current folder is run
    execFile(python, ['-I', '-c', SITES], { timeout: 10_000 }, (error, stdout) => {
      try {
        resolve(error ? [] : (JSON.parse(stdout) as string[]).filter(path => /(site|dist)-packages$/.test(path)));
      } catch {
        resolve([]);
      }
    });
  });

/** The Pythons on the PATH, each once. */
const pythons = (): string[] => {
  const found = new Map<string, string>();
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of ['python3', 'python']) {
      const path = join(folder, name);
      if (folder && existsSync(path) && !found.has(realpathSync(path) + folder))
        found.set(realpathSync(path) + folder, path);
    }
  }
  return [...found.values()];
};

/** The plugin that COSIM_PJRT_PLUGIN names, if it names one. */
const namedPlugin = (): FoundPlugin[] => {
  const { COSIM_PJRT_PLUGIN: path } = process.env;
  return path ? [{ path, kind: pluginKind(path), from: 'COSIM_PJRT_PLUGIN' }] : [];
};

/** All plugins that can be found, the best first. Starts the Pythons on the PATH, for a fraction of a second. */
export const findPlugins = async (): Promise<FoundPlugin[]> => {
  const cached = pluginsOfAll(userCache('plugins'));
  const ofPythons = (await Promise.all(pythons().map(pathsOf))).flat().flatMap(inSitePackages);
  const rank = ({ kind }: FoundPlugin): number => PLACES.findIndex(([name]) => name === kind) >>> 0;
  const sorted = (paths: string[], from: FoundPlugin['from']): FoundPlugin[] =>
    [...new Set(paths)].map(p => ({ path: p, kind: pluginKind(p), from })).sort((a, b) => rank(a) - rank(b));
  const all = [...namedPlugin(), ...sorted(cached, 'cache'), ...sorted(ofPythons, 'python')];
  return all.filter((plugin, i) => all.findIndex(other => other.path === plugin.path) === i);
};

/**
 * The plugin to use: the named one, else the first whose hardware is here and for which its driver is new enough, else the
 * first whose hardware is here; undefined where there is none. On a machine without such hardware nothing is started or read.
 */
export const findPlugin = async (
  here: readonly Hardware[] = hardwareHere(),
  driver = nvidiaDriver(),
): Promise<FoundPlugin | undefined> => {
  const [chosen] = namedPlugin();
  if (chosen) return chosen;
  if (here.length === 0) return undefined;
  const fitting = (await findPlugins()).filter(({ kind }) => {
    const wanted = HARDWARE[kind];
    return wanted !== undefined && here.includes(wanted);
  });
  return fitting.find(({ kind }) => driverProblem(kind, driver) === undefined) ?? fitting[0];
};
