import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { Argument, Command } from 'commander';
import { hiddenName } from '../checkpoints';
import { selectBackend } from '../compute/backend';
import { ArgumentError } from '../compute/check';
import { download, type DownloadProgress } from '../datasets';
import { FEATURE_NAMES, loadFeatures } from '../evaluation';
import {
  featuresFile,
  featuresFolder,
  KNOWN_FEATURE_NAMES,
  KNOWN_FEATURES,
  type KnownFeatureName,
  preprocessingText,
} from '../features';
import type { FeatureExtractor } from '../metrics';
import { stoppable } from './stopped';
import { columns, grouped, type Terminal } from './terminal';
import { workingLine } from './working-line';

type FetchOptions = { from?: string; force?: boolean };

const isKnown = (name: string): name is KnownFeatureName => name in KNOWN_FEATURES;

/** What an open network says of itself. */
const openRows = ({ name, d, classes, preprocessing, sha256 }: FeatureExtractor): string[][] => [
  ['called', name],
  ['gives', `${grouped(d)} features${classes > 0 ? ` and ${grouped(classes)} logits` : ''} an image`],
  ['sees', preprocessing],
  ['sha256', sha256],
];

/** Opens a network, which checks its file, to say what it is. */
const describe = async (name: string, file?: string): Promise<{ rows: string[][]; sha256: string }> => {
  const features = await loadFeatures(name, { workers: 1, ...(file !== undefined && { file }) });
  try {
    return { rows: openRows(features), sha256: features.sha256 };
  } finally {
    await features.dispose();
  }
};

const aboutRows = (name: KnownFeatureName): string[][] => {
  const { title, weights, licence } = KNOWN_FEATURES[name];
  return [
    ['network', title],
    ['weights', weights],
    ['licence', licence],
    ['file', featuresFile(name)],
  ];
};

const recipeText = (name: KnownFeatureName): string =>
  KNOWN_FEATURES[name].recipe.map(line => `  ${line}`).join('\n') + '\n';

/** Refuses a file of another hash than this project's numbers were made with. */
const expectHash = (name: KnownFeatureName, file: string, found: string, force = false): void => {
  const { sha256 } = KNOWN_FEATURES[name];
  if (sha256 !== undefined && sha256 !== found && !force)
    throw new ArgumentError(
      `${file}: its SHA-256 is ${found}, that of the file this project's numbers were made with is ${sha256}; ` +
        '--force takes it all the same (results tell the hash and do not compare)',
    );
};

const copyAtomic = async (from: string, to: string): Promise<void> => {
  const temporary = hiddenName(to, 'new');
  await mkdir(dirname(to), { recursive: true });
  try {
    await copyFile(from, temporary);
    await rename(temporary, to);
  } finally {
    await rm(temporary, { force: true });
  }
};

/** Brings the file of a known network to its place, if it is not there; returns what it was checked to be. */
const bring = async (
  name: KnownFeatureName,
  { from, force }: FetchOptions,
  terminal: Terminal,
): Promise<string[][]> => {
  const path = featuresFile(name);
  const { url, sha256, title } = KNOWN_FEATURES[name];
  if (from !== undefined && existsSync(path) && !force)
    throw new ArgumentError(`${path} is there already; --force replaces it`);
  if (from === undefined && url === undefined && !existsSync(path))
    throw new ArgumentError(
      `${title}: there is no ONNX file to download. Make one, and then \`cosim features fetch ${name} --from FILE\`:\n` +
        recipeText(name),
    );
  if (from === undefined && url !== undefined && !existsSync(path)) {
    const line = workingLine(terminal);
    const onProgress = ({ received, total }: DownloadProgress): void =>
      line.show({ done: received, total, unit: 'MB' });
    try {
      await stoppable('stopped', signal => download(url, path, { onProgress, signal, sha256 }));
    } finally {
      line.clear();
    }
  }
  const { rows, sha256: found } = await describe(name, from ?? path);
  expectHash(name, from ?? path, found, force);
  if (from !== undefined) await copyAtomic(from, path);
  return rows;
};

const fetchCommand = (terminal: Terminal): Command =>
  new Command('fetch')
    .summary('bring the file of a known feature network to its place, checked')
    .description(
      'Says where the weights of a feature network come from and under which licence, brings its ONNX file to its place ' +
        'and checks it: by download where there is one, else from FILE. The cache is data/cache of a checkout, ~/.cache/cosim for an installed package, or ' +
        'COSIM_CACHE.',
    )
    .addArgument(new Argument('<name>', 'the network').choices(KNOWN_FEATURE_NAMES))
    .option('--from <file>', 'an ONNX file that is here already')
    .option('--force', 'replace the file in the cache; take one of another hash than expected')
    .addHelpText('after', '\nExample:\n  $ cosim features fetch inception --from inception-v3-2015-12-05.onnx')
    .action(async (name: KnownFeatureName, options: FetchOptions) => {
      terminal.out(columns(aboutRows(name)));
      terminal.out(columns(await bring(name, options, terminal)));
    });

/** All networks, a line each. */
const overview = (): string => {
  const rows = KNOWN_FEATURE_NAMES.map(name => {
    const path = featuresFile(name);
    const state = existsSync(path) ? `${grouped(statSync(path).size)} bytes` : 'not there';
    return [name, KNOWN_FEATURES[name].title, KNOWN_FEATURES[name].file, state];
  });
  const digits = ['digits', 'the classifier of drawn digits', 'shipped', ''];
  return columns([...rows, digits]) + `\nFiles lie in ${featuresFolder()}\n`;
};

const infoCommand = ({ out }: Terminal): Command =>
  new Command('info')
    .summary('say what feature networks there are, or what one sees and gives')
    .description(
      'Without an argument: the networks that are known by name, and whether their files are there. With a name or an ' +
        'ONNX file (and its declaration in FILE.json): what it sees, what it gives, its hash; how a file of it is made.',
    )
    .argument('[network]', `${FEATURE_NAMES.join(', ')}, or an ONNX file`)
    .action(async (network?: string) => {
      if (network === undefined) return out(overview());
      if (network === 'digits') await selectBackend({ backend: 'cpu' }); // nothing is computed
      if (!isKnown(network)) return out(columns((await describe(network)).rows));
      out(columns(aboutRows(network)));
      if (existsSync(featuresFile(network))) return out(columns((await describe(network)).rows));
      out(`${columns([['sees', preprocessingText(KNOWN_FEATURES[network].declaration.preprocessing)]])}`);
      out(`The file is not there. How it is made:\n${recipeText(network)}`);
    });

/** `cosim features`. */
export const featuresCommand = (terminal: Terminal): Command =>
  new Command('features')
    .summary('feature networks: what there is, where it comes from')
    .description('The networks in whose features distances between images are taken.')
    .addCommand(fetchCommand(terminal))
    .addCommand(infoCommand(terminal))
    .addHelpText('after', '\nExamples:\n  $ cosim features info\n  $ cosim features fetch dinov2');
