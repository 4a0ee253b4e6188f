import { dispose } from '@tensorflow/tfjs-core';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CheckpointError,
  commitFolder,
  expectChecksums,
  loadTensors,
  newestFolder,
  parseNumbers,
  prune,
  saveTensors,
  stringifyNumbers,
  writeChecksums,
} from '../checkpoints';
import { ArgumentError, expectShape } from '../compute/check';
import { addPrefix, type Tensors, withPrefix } from '../compute/tensors';
import type { Dataset } from '../datasets';
import { type Method, methodFromConfig, type Role } from '../methods';
import { type Denoiser, denoiserFromConfig, matchParameters, type ParameterSpec } from '../networks';
import { expectDataFits } from './data-fit';
import { runOptions, type RunOptions } from './options';
import type { IterationReport, RunParts } from './run';
import { readPart, readRunJson, type RunJson } from './run-json';

const KEPT = 2;

/** Writes `dir/<step>/{run.json, history.jsonl, state.safetensors, checksums.json}`: complete or absent, whenever the process dies. */
export const saveRun = async (dir: string, parts: RunParts): Promise<string> => {
  const { method, dataset, options, state, position, history, found } = parts;
  const denoisers = Object.entries(method.denoisers).map(([role, { config }]) => [role, config] as const);
  const json: RunJson = {
    format: 'cosim-run-1',
    ...position,
    method: method.config,
    denoisers: Object.fromEntries(denoisers),
    options,
    dataset: { name: dataset.name, provenance: dataset.provenance },
    ...(Object.keys(found).length > 0 && { times: found }),
  };
  const path = await commitFolder(dir, String(position.step).padStart(8, '0'), async folder => {
    await writeFile(join(folder, 'run.json'), JSON.stringify(json, null, 1));
    await writeFile(join(folder, 'history.jsonl'), history.map(report => `${stringifyNumbers(report)}\n`).join(''));
    await saveTensors(join(folder, 'state.safetensors'), state);
    await writeChecksums(folder);
  });
  await prune(dir, KEPT);
  return path;
};

/**
 * The state in the order that a fresh run has: files sort their tensors by name, but Adam's moments are vectors over the
 * parameters in order.
 */
const orderedState = (
  where: string,
  { denoisers, updates }: Method,
  { beta1 }: RunOptions,
  stored: Tensors,
): Tensors => {
  const state: Tensors = {};
  const take = (prefix: string, specs: readonly ParameterSpec[]): void => {
    const fitting = matchParameters(`${where}, ${prefix}`, specs, withPrefix(prefix, stored));
    Object.assign(state, addPrefix(prefix, fitting));
  };
  for (const [role, { parameters }] of Object.entries(denoisers)) take(`${role}/`, parameters);
  take('ema/', denoisers.phi?.parameters ?? []);
  for (const { trains } of updates) {
    const size = Object.values(withPrefix(`${trains}/`, state)).reduce((sum, t) => sum + t.size, 0); // constants too
    for (const name of beta1 > 0 ? [`${trains}.v`, `${trains}.m`] : [`${trains}.v`]) {
      if (!(name in stored)) throw new CheckpointError('missing', `${where}: no tensor ${name}`);
      expectShape(where, name, stored[name], [size]);
      state[name] = stored[name];
    }
  }
  return state;
};

/** The newest checkpoint of `dir`; see `Run.load`. */
export const loadRun = async (dir: string, dataset: Dataset): Promise<RunParts> => {
  const folder = await newestFolder(dir);
  if (folder === undefined) throw new CheckpointError('missing', `${dir}: no checkpoint of a run in this folder`);
  const json = await readRunJson(folder);
  const [trained, given] = [json.dataset, { name: dataset.name, provenance: dataset.provenance }];
  if (JSON.stringify(trained) !== JSON.stringify(given))
    throw new ArgumentError(
      `Run.load: the run was trained on ${JSON.stringify(trained)}, the data set given is ${JSON.stringify(given)}`,
    );
  const denoisers: Partial<Record<Role, Denoiser>> = {};
  for (const [role, config] of Object.entries(json.denoisers)) denoisers[role as Role] = denoiserFromConfig(config);
  const method = methodFromConfig(json.method, denoisers);
  const options = runOptions(json.options);
  expectDataFits('Run.load', method, dataset);
  await expectChecksums(folder);
  // Until 0.2 a metric that was not finite was stored as null.
  const report = (line: string): IterationReport => {
    const entries = Object.entries(parseNumbers(line) as Record<string, number | null>);
    return Object.fromEntries(entries.map(([name, value]) => [name, value ?? NaN])) as IterationReport;
  };
  const history = await readPart(folder, 'history.jsonl', async path =>
    (await readFile(path, 'utf8'))
      .split('\n')
      .filter(line => line !== '')
      .map(report),
  );
  const { tensors } = await readPart(folder, 'state.safetensors', loadTensors);
  try {
    return {
      method,
      dataset,
      options,
      state: orderedState(join(folder, 'state.safetensors'), method, options, tensors),
      position: { step: json.step, images: json.images },
      history,
      found: json.times ?? {},
    };
  } catch (error) {
    dispose(tensors);
    throw error;
  }
};
