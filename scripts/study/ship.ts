/* A generator of a long study as a shipped one: its weights, and its card from what was measured. */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { writeFileAtomic } from '../../src/checkpoints';
import { spread } from '../../src/metrics';
import { generatorFile, loadModel, STUDY_GENERATORS } from '../../src/models';
import { parameterCount } from '../../src/networks';
import { LONG_STUDIES, type LongStudy, type LongStudyName, type StudyPoint } from '../../src/studies';
import type { StudyData } from './data';
import { keptArms } from './measure';

const range = (values: readonly number[]): string => {
  const { mean, low, high } = spread(values);
  return `${mean.toPrecision(3)} (${low.toPrecision(3)} to ${high.toPrecision(3)})`;
};

/** Copies the last milestone of an arm to data/generators, with a card as JSON and as a page. @returns its path */
export const shipArm = async (
  study: LongStudyName,
  arm: string,
  points: readonly StudyPoint[],
  data: StudyData,
  out: string,
): Promise<string> => {
  const found = Object.entries(STUDY_GENERATORS).find(([, from]) => from.study === study && from.arm === arm);
  if (found === undefined) throw new Error(`no shipped generator is ${arm} of ${study}: see STUDY_GENERATORS`);
  const name = found[0] as keyof typeof STUDY_GENERATORS;
  const { run, arms, teacher }: LongStudy = LONG_STUDIES[study];
  const { series, seed, method } = arms[arm];
  const kept = (await keptArms(study, data, out)).arms.find(one => one.series === series && one.seed === seed);
  const last = kept?.milestones.at(-1);
  if (last === undefined) throw new Error(`${out} has nothing of ${arm} yet`);
  const path = generatorFile(name);
  await mkdir(dirname(path), { recursive: true });
  await copyFile(last.file, path);
  const { denoiser, parameters, times } = await loadModel(path);
  tf.dispose(parameters);
  const sha256 = createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
  const own = points.filter(point => point.series === series && point.seed === seed && point.images === last.images);
  const card = {
    command: `npm run study -- ${study} --ship ${arm}`,
    madeBy: last.madeBy,
    engine: last.engine,
    weights: { file: basename(path), sha256, floats: 'F16' },
    teacher,
    network: { ...denoiser.config, parameters: parameterCount(denoiser.parameters) },
    training: { method, ...run, seed, images: last.images, seconds: last.seconds },
    data: data.train.provenance,
    times,
    quality: own.map(({ steps, results, madeBy }) => ({ steps, results, madeBy })),
  };
  const base = path.replace(/\.safetensors$/, '');
  await writeFileAtomic(`${base}.json`, `${JSON.stringify(card, null, 1)}\n`);
  const { device, precision } = last.engine;
  const rows = own.flatMap(({ steps, results }) =>
    results.map(
      ({ metric, blocks, floor, n, features }) =>
        `| ${metric}, ${features?.name ?? ''} | ${steps} | ${range(blocks)} | ${floor?.toPrecision(3) ?? ''} | ${n} x ${blocks.length} |`,
    ),
  );
  const page = `# ${name}: ${series} of the long study '${study}'

Written by \`${card.command}\` from \`${name}.json\`. \`loadModel('${name}')\` loads it; weights in PyTorch's layout, half precision.

| | |
| --- | --- |
| network | \`${JSON.stringify(card.network)}\` |
| data | \`${JSON.stringify(card.data)}\` |
| method | \`${JSON.stringify(method)}\` |
| training | ${last.images} images in ${last.iterations} iterations, \`${JSON.stringify(run)}\`, seed ${seed}; the weights are the moving average |
| made by | commit ${[...new Set(last.madeBy.map(({ commit }) => commit))].join(', ')}; ${device ?? 'the processor'}, ${precision ?? 'float32'}; ${Math.round(last.seconds)} s, other trainings on the same card at the same time |
| weights | \`${basename(path)}\`, SHA-256 \`${sha256}\` |

Mean over blocks of seeds (smallest to largest):

| metric | NFE | value | real vs real | samples |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
  await writeFileAtomic(`${base}.md`, page);
  return path;
};
