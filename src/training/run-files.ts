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
import type { Method } from '../methods';
import { matchParameters, type ParameterSpec } from '../networks';
import { expectDataFits } from './data-fit';
import type { RunOptions } from './options';
import type { IterationReport, RunParts } from './run';
import { readPart, readRunJson, type RunJson, type StoredRun } from './run-json';
import { checked, reportSchema } from './run-schema';

const KEPT = 2;

/** What `run.json` says of a run. */
export const runJsonOf = ({ method, dataset, options, position, found }: Omit<RunParts, 'state'>): RunJson => {
  const denoisers = Object.entries(method.denoisers).map(([role, { config }]) => [role, config] as const);
  return {
    format: 'cosim-run-1',
    ...position,
    method: method.config,
    denoisers: Object.fromEntries(denoisers),
    options,
    dataset: { name: dataset.name, provenance: dataset.provenance },
    ...(Object.keys(found).length > 0 && { times: found }),
  };
};

/** Writes `dir/<step>/{run.json, history.jsonl, state.safetensors, checksums.json}`: complete or absent, whenever the process dies. */
export const saveRun = async (dir: string, parts: RunParts): Promise<string> => {
  const { state, position, history } = parts;
  const path = await commitFolder(dir, String(position.step).padStart(8, '0'), async folder => {
    await writeFile(join(folder, 'run.json'), JSON.stringify(runJsonOf(parts), null, 1));
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

/** One report a line, as `reportLine` writes it, one for each step that was done. */
export const readHistory = async (path: string, { step, options }: StoredRun): Promise<IterationReport[]> => {
  const lines = (await readFile(path, 'utf8')).split('\n').filter(line => line !== '');
  const reports = lines.map((line, i) => checked(`${path}, line ${i + 1}`, reportSchema, parseNumbers(line)));
  const wrong = reports.findIndex((report, i) => report.step !== i + 1 || report.images !== (i + 1) * options.batch);
  if (wrong >= 0)
    throw new CheckpointError('format', `${path}, line ${wrong + 1}: not the report of step ${wrong + 1}`);
  if (reports.length !== step)
    throw new CheckpointError('format', `${path}: ${reports.length} reports, and the run has done ${step} steps`);
  return reports;
};

/** The newest checkpoint of `dir`; see `Run.load`. */
export const loadRun = async (dir: string, dataset: Dataset): Promise<RunParts> => {
  const folder = await newestFolder(dir);
  if (folder === undefined) throw new CheckpointError('missing', `${dir}: no checkpoint of a run in this folder`);
  const stored = await readRunJson(folder);
  const { method, options, step, images, found } = stored;
  const [trained, given] = [stored.dataset, { name: dataset.name, provenance: dataset.provenance }];
  if (JSON.stringify(trained) !== JSON.stringify(given))
    throw new ArgumentError(
      `Run.load: the run was trained on ${JSON.stringify(trained)}, the data set given is ${JSON.stringify(given)}`,
    );
  expectDataFits('Run.load', method, dataset, options);
  await expectChecksums(folder);
  const history = await readPart(folder, 'history.jsonl', path => readHistory(path, stored));
  const { tensors } = await readPart(folder, 'state.safetensors', loadTensors);
  try {
    const state = orderedState(join(folder, 'state.safetensors'), method, options, tensors);
    return { method, dataset, options, state, position: { step, images }, history, found };
  } catch (error) {
    dispose(tensors);
    throw error;
  }
};
