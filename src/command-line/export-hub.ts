/* A folder that the Hugging Face Hub takes as it is: weights, configuration, card. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { makeFolder, writeFileAtomic, writeModelCard } from '../checkpoints';
import { ArgumentError } from '../compute/check';
import { sha256OfFiles } from '../datasets';
import type { SampledModel } from '../models';
import { parameterCount, saveModel } from '../networks';
import { onOneLine } from '../text';
import { quoted } from './terminal';

/** What the card says that only the owner of the weights knows. */
export type HubOptions = {
  /** The Hub's identifier: 'mit', 'cc-by-nc-sa-4.0'. */
  license?: string;
  /** The model that this one was distilled from, as on the Hub: 'owner/name'. */
  baseModel?: string;
  /** Besides 'diffusion' and the kind of sampling. */
  tags?: readonly string[];
};

const WEIGHTS = 'model.safetensors';
const FILES = [WEIGHTS, 'config.json', 'README.md'];

/** The paths of the files that are written into a folder. */
export const hubFiles = (dir: string): string[] => FILES.map(name => join(dir, name));

/**
 * Refuses a folder that would lose something.
 * @throws ArgumentError for a file in its place, and for a folder with anything in it, unless `force`
 */
export const expectHubFolder = (dir: string, force: boolean): void => {
  if (!existsSync(dir)) return;
  if (!statSync(dir).isDirectory()) throw new ArgumentError(`--hub must be a folder, got the file '${dir}'`);
  if (readdirSync(dir).length > 0 && !force)
    throw new ArgumentError(`${dir} has files in it already; --force replaces those of the same names`);
};

/**
 * Refuses what the Hub would not take.
 * @throws ArgumentError naming the option
 */
export const expectHubNames = ({ license, baseModel, tags = [] }: HubOptions): void => {
  if (license !== undefined && !/^[\w.+-]+$/.test(license))
    throw new ArgumentError(`--license must be an identifier of the Hub such as mit, got '${license}'`);
  if (baseModel !== undefined && !/^[\w.-]+(\/[\w.-]+)?$/.test(baseModel))
    throw new ArgumentError(`--base-model must be as on the Hub, owner/name, got '${baseModel}'`);
  for (const tag of tags)
    if (tag === '' || tag !== onOneLine(tag)) throw new ArgumentError(`--tags must be words, got '${tag}'`);
};

/** How samples are drawn from the weights, as Markdown. */
const usage = (name: string): string =>
  `\`\`\`sh\ncosim sample --network ${WEIGHTS} --seeds 0-63 --out ${quoted(onOneLine(`${name}.png`))}\n\`\`\`\n\nThe file says itself what network it holds and how it is sampled from.`;

/** Writes weights, configuration and card; returns the names of the files. */
export const writeHubFolder = async (
  dir: string,
  source: string,
  model: SampledModel,
  { license, baseModel, tags = [] }: HubOptions,
): Promise<string[]> => {
  const { denoiser, parameters, sampler, times, images } = model;
  const name = basename(source);
  await makeFolder(dir);
  const weights = join(dir, WEIGHTS);
  const sampling = { sampler, ...(times && { times: JSON.stringify(times) }), ...(images !== undefined && { images: String(images) }) }; // prettier-ignore
  await saveModel(weights, { denoiser, parameters }, { ...sampling, source: name });
  const config = { library_name: 'cosim', network: denoiser.config, sampler, times, images };
  await writeFileAtomic(join(dir, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
  const few = sampler !== 'heun';
  await writeModelCard(join(dir, 'README.md'), {
    title: name,
    summary: few ? 'A generator in few steps, distilled from a diffusion model.' : 'A diffusion model.',
    license,
    baseModel,
    tags: [...(few ? ['distillation', 'few-step'] : []), ...tags],
    facts: {
      network: `${denoiser.config.kind}, samples [${denoiser.sampleShape.join(', ')}]`,
      parameters: parameterCount(denoiser.parameters),
      sampler,
      ...(times && { times: { code: JSON.stringify(times) } }),
      ...(images !== undefined && { 'images trained on': images }),
      [`SHA-256 of ${WEIGHTS}`]: { code: await sha256OfFiles([weights]) },
    },
    sections: [{ title: 'Use', text: usage(name) }],
  });
  return FILES;
};
