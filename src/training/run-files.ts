import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CheckpointError, commitFolder, loadTensors, newestFolder, prune, saveTensors } from '../checkpoints';
import { writeFile } from 'node:fs/promises';
import { ArgumentError } from '../compute/check';
import type { Dataset } from '../datasets';
import type { Method, Role } from '../losses';
import { type Denoiser, denoiserFromConfig } from '../networks';
import { methodFromConfig } from './methods';
import type { RunOptions } from './options';
import type { RunParts, IterationReport } from './run';

/** The JSON part of a checkpoint; the tensors lie beside it in state.safetensors. */
type RunJson = {
  format: 'cosim-run-1';
  step: number;
  images: number;
  method: Method['config'];
  denoisers: Partial<Record<Role, Denoiser['config']>>;
  options: RunOptions;
  dataset: { name: string; provenance: Dataset['provenance'] };
};

const KEPT = 2;

/** Writes `dir/<step>/{run.json, history.jsonl, state.safetensors}`: complete or absent, whenever the process dies. */
export const saveRun = async (dir: string, parts: RunParts): Promise<string> => {
  const { method, dataset, options, state, position, history } = parts;
  const denoisers = Object.entries(method.denoisers).map(([role, { config }]) => [role, config] as const);
  const json: RunJson = {
    format: 'cosim-run-1',
    ...position,
    method: method.config,
    denoisers: Object.fromEntries(denoisers),
    options,
    dataset: { name: dataset.name, provenance: dataset.provenance },
  };
  const path = await commitFolder(dir, String(position.step).padStart(8, '0'), async folder => {
    await writeFile(join(folder, 'run.json'), JSON.stringify(json, null, 1));
    await writeFile(join(folder, 'history.jsonl'), history.map(report => `${JSON.stringify(report)}\n`).join(''));
    await saveTensors(join(folder, 'state.safetensors'), state);
  });
  await prune(dir, KEPT);
  return path;
};

/** The newest checkpoint of `dir`; see `Run.load`. */
export const loadRun = async (dir: string, dataset: Dataset): Promise<RunParts> => {
  const folder = await newestFolder(dir);
  if (folder === undefined) throw new CheckpointError('missing', `${dir}: no checkpoint of a run in this folder`);
  const json = JSON.parse(await readFile(join(folder, 'run.json'), 'utf8')) as RunJson;
  if (json.format !== 'cosim-run-1')
    throw new CheckpointError('format', `${folder}: run.json has format '${String(json.format)}', not 'cosim-run-1'`);
  const [trained, given] = [json.dataset, { name: dataset.name, provenance: dataset.provenance }];
  if (JSON.stringify(trained) !== JSON.stringify(given))
    throw new ArgumentError(
      `Run.load: the run was trained on ${JSON.stringify(trained)}, the data set given is ${JSON.stringify(given)}`,
    );
  const denoisers: Partial<Record<Role, Denoiser>> = {};
  for (const [role, config] of Object.entries(json.denoisers)) denoisers[role as Role] = denoiserFromConfig(config);
  const lines = (await readFile(join(folder, 'history.jsonl'), 'utf8')).split('\n').filter(line => line !== '');
  const { tensors } = await loadTensors(join(folder, 'state.safetensors'));
  return {
    method: methodFromConfig(json.method, denoisers),
    dataset,
    options: json.options,
    state: { ...tensors },
    position: { step: json.step, images: json.images },
    history: lines.map(line => JSON.parse(line) as IterationReport),
  };
};
