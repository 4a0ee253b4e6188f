import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { existsSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
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
import { asArgument, expectGivenFile } from './given-paths';
import { giveResult, type JsonOption, withJson } from './json-output';
import { stoppable } from './stopped';
import { columns, grouped, type Terminal } from './terminal';
import { workingLine } from './working-line';

type FetchOptions = JsonOption & { from?: string; force?: boolean };

const isKnown = (name: string): name is KnownFeatureName => name in KNOWN_FEATURES;

/** What an open network says of itself. */
type Opened = Pick<FeatureExtractor, 'name' | 'd' | 'classes' | 'preprocessing' | 'sha256'>;

const openRows = ({ name, d, classes, preprocessing, sha256 }: Opened): string[][] => [
  ['called', name],
  ['gives', `${grouped(d)} features${classes > 0 ? ` and ${grouped(classes)} logits` : ''} an image`],
  ['sees', preprocessing],
  ['sha256', sha256],
];

/** Opens a network, which checks its file, to say what it is. */
const describe = async (argument: string, name: string, file?: string): Promise<Opened> => {
  const options = { ...(name !== 'digits' && { workers: 1 }), ...(file !== undefined && { file }) };
  const open = (): Promise<FeatureExtractor> => loadFeatures(name, options);
  const features = await asArgument(argument, open);
  try {
    const { name: called, d, classes, preprocessing, sha256 } = features;
    return { name: called, d, classes, preprocessing, sha256 };
  } finally {
    await features.dispose();
  }
};

/** What is known of a network without its file. */
type About = { title: string; weights: string; licence: string; file: string };

const about = (name: KnownFeatureName): About => {
  const { title, weights, licence } = KNOWN_FEATURES[name];
  return { title, weights, licence, file: featuresFile(name) };
};

const aboutText = ({ title, weights, licence, file }: About): string =>
  columns([
    ['network', title],
    ['weights', weights],
    ['licence', licence],
    ['file', file],
  ]);

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

/** Brings the file of a known network to its place, if it is not there or is to be replaced; gives what it was found to be. */
const bring = async (name: KnownFeatureName, { from, force }: FetchOptions, terminal: Terminal): Promise<Opened> => {
  const path = featuresFile(name);
  const { url, sha256, title } = KNOWN_FEATURES[name];
  if (from !== undefined) expectGivenFile('--from', from);
  if (from !== undefined && existsSync(path) && !force)
    throw new ArgumentError(`${path} is there already; --force replaces it`);
  if (from === undefined && url === undefined && !existsSync(path))
    throw new ArgumentError(
      `${title}: there is no ONNX file to download. Make one, and then \`cosim features fetch ${name} --from FILE\`:\n` +
        recipeText(name),
    );
  if (from !== undefined || url === undefined || (existsSync(path) && !force)) {
    const opened = await describe(from === undefined ? '<name>' : '--from', name, from ?? path);
    expectHash(name, from ?? path, opened.sha256, force);
    if (from !== undefined) await copyAtomic(from, path);
    return opened;
  }
  const line = workingLine(terminal);
  const onProgress = ({ received, total }: DownloadProgress): void => line.show({ done: received, total, unit: 'MB' });
  const fetched = `${path}.new`; // what is there stays until this one is checked
  try {
    await stoppable('stopped', signal => download(url, fetched, { onProgress, signal, sha256 }));
  } finally {
    line.clear();
  }
  try {
    const opened = await describe('<name>', name, fetched);
    await rename(fetched, path);
    return opened;
  } finally {
    await rm(fetched, { force: true });
  }
};

const fetchCommand = (terminal: Terminal): Command =>
  withJson(
    new Command('fetch')
      .summary('bring the file of a known feature network to its place, checked')
      .description(
        'Says where the weights of a feature network come from and under which licence, brings its ONNX file to its place ' +
          'and checks it: by download where there is one, else from FILE. The cache is data/cache of a checkout, ~/.cache/cosim for an installed package, or ' +
          'COSIM_CACHE.',
      )
      .addArgument(new Argument('<name>', 'the network').choices(KNOWN_FEATURE_NAMES))
      .option('--from <file>', 'an ONNX file that is here already')
      .option('--force', 'replace the file in the cache; take one of another hash than expected'),
  )
    .addHelpText('after', '\nExample:\n  $ cosim features fetch inception --from inception-v3-2015-12-05.onnx')
    .action(async (name: KnownFeatureName, options: FetchOptions) => {
      const known = about(name);
      terminal.err(aboutText(known)); // the licence before the download
      const opened = await bring(name, options, terminal);
      giveResult(terminal, options, { ...known, ...opened }, () => columns(openRows(opened)));
    });

/** A network of the list; `bytes` null: its file is not there. */
type Listed = { name: string; title: string; file: string | null; bytes: number | null };

const listed = (): Listed[] => [
  ...KNOWN_FEATURE_NAMES.map(name => {
    const file = featuresFile(name);
    return { name, title: KNOWN_FEATURES[name].title, file, bytes: existsSync(file) ? statSync(file).size : null };
  }),
  { name: 'digits', title: 'the classifier of drawn digits', file: null, bytes: null },
];

/** All networks, a line each. */
const overview = (networks: readonly Listed[]): string => {
  const rows = networks.map(({ name, title, file, bytes }) => {
    if (file === null) return [name, title, 'shipped', ''];
    return [name, title, basename(file), bytes === null ? 'not there' : `${grouped(bytes)} bytes`];
  });
  return `${columns(rows)}\nFiles lie in ${featuresFolder()}\n`;
};

/** What there is to say of one network, by name or by file. */
const infoOf = async (network: string): Promise<{ value: Record<string, unknown>; text: string }> => {
  if (network === 'digits') await selectBackend({ backend: 'cpu' }); // nothing is computed
  const known = isKnown(network) ? about(network) : undefined;
  const before = known ? aboutText(known) : '';
  if (!isKnown(network) || existsSync(featuresFile(network))) {
    const opened = await describe('<network>', network);
    return { value: { ...known, ...opened }, text: before + columns(openRows(opened)) };
  }
  const { recipe, declaration } = KNOWN_FEATURES[network];
  const preprocessing = preprocessingText(declaration.preprocessing);
  return {
    value: { ...known, preprocessing, bytes: null, recipe },
    text: `${before}${columns([['sees', preprocessing]])}The file is not there. How it is made:\n${recipeText(network)}`,
  };
};

const infoCommand = (terminal: Terminal): Command =>
  withJson(
    new Command('info')
      .summary('say what feature networks there are, or what one sees and gives')
      .description(
        'Without an argument: the networks that are known by name, and whether their files are there. With a name or an ' +
          'ONNX file (and its declaration in FILE.json): what it sees, what it gives, its hash; how a file of it is made.',
      )
      .argument('[network]', `${FEATURE_NAMES.join(', ')}, or an ONNX file`),
  )
    .addHelpText('after', '\nExamples:\n  $ cosim features info\n  $ cosim features info inception')
    .action(async (network: string | undefined, options: JsonOption) => {
      if (network === undefined) {
        const networks = listed();
        return giveResult(terminal, options, networks, () => overview(networks));
      }
      const { value, text } = await infoOf(network);
      giveResult(terminal, options, value, () => text);
    });

/** `cosim features`. */
export const featuresCommand = (terminal: Terminal): Command =>
  new Command('features')
    .summary('feature networks: what there is, where it comes from')
    .description('The networks in whose features distances between images are taken.')
    .addCommand(fetchCommand(terminal))
    .addCommand(infoCommand(terminal))
    .addHelpText('after', '\nExamples:\n  $ cosim features info\n  $ cosim features fetch dinov2');
