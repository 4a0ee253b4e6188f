import { Argument, Command } from 'commander';
import { driverProblem, INSTALLABLE, type Installable, installPlugin, userCache, WHEELS } from '../compute/xla/pjrt';
import { installNative, NATIVE } from './install-native';
import { giveResult, type JsonOption, withJson } from './json-output';
import { nativePackage, nativePlace } from './native-place';
import { stoppable, Stopped } from './stopped';
import { progressLine, type Terminal } from './terminal';

const size = (megabytes: number): string =>
  megabytes >= 1000 ? `${(megabytes / 1000).toFixed(1)} GB` : `${megabytes} MB`;

const KINDS = [...INSTALLABLE, 'native'] as const;
type Kind = Installable | 'native';

/** Where it will lie. */
const place = (kind: Kind): string => (kind === 'native' ? nativePlace().place : userCache('plugins', kind));

/** What comes from npm; the native backend's package may be there. */
const fromNpm = (kind: Kind): string =>
  kind === 'native' && !nativePlace().there ? `; from npm, ${nativePackage()} without its own set-up` : '';

/** What will be fetched, before it is. */
const announcement = (kind: Kind): string => {
  const problem = driverProblem(kind);
  const { requirements, megabytes, licence, needs } = kind === 'native' ? NATIVE : WHEELS[kind];
  return [
    `${kind}: ${requirements.map(name => name.replace(/[=<>].*/, '')).join(', ')}`,
    `from:    PyPI, with pip, about ${size(megabytes)}${fromNpm(kind)}`,
    `licence: ${licence}`,
    `needs:   ${needs}`,
    `into:    ${place(kind)}`,
    ...(problem === undefined ? [] : [`driver:  ${problem}`]),
    '',
  ].join('\n');
};

/** @throws Stopped unless the user agrees; Ctrl-C is no answer */
const agreed = async ({ ask }: Terminal): Promise<void> => {
  if (!ask) throw new Stopped('nobody is there to ask: --yes fetches without asking');
  const answer = await ask('Fetch it? [y/N] ').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ABORT_ERR') return '';
    throw error;
  });
  if (!/^y(es)?$/i.test(answer.trim())) throw new Stopped('nothing was fetched');
};

type InstallOptions = JsonOption & { yes?: boolean; python: string };

/** `cosim engine install KIND`. */
export const engineInstallCommand = (terminal: Terminal): Command =>
  withJson(
    new Command('install')
      .summary('install a plugin for a GPU or TPU, or the native backend')
      .description(
        "Installs XLA's plugin for a kind of accelerator, and the libraries that it needs, from PyPI into the user's cache " +
          '(~/.cache/cosim, or the folder COSIM_CACHE names). Says first what is fetched, how much, and under which licence. ' +
          'Needs Python 3 with venv for fetching only. native is TensorFlow.js on libtensorflow, for the processor: it lies ' +
          'in node_modules, and its binding is compiled here.',
      )
      .addArgument(new Argument('<kind>', 'kind of accelerator, or native').choices(KINDS))
      .option('--yes', 'do not ask')
      .option('--python <path>', 'the Python to fetch with', 'python3'),
  )
    .addHelpText('after', '\nExamples:\n  $ cosim engine install cuda13\n  $ cosim engine install native --yes')
    .action(async (kind: Kind, { yes = false, python, ...options }: InstallOptions) => {
      terminal.err(announcement(kind));
      if (!yes) await agreed(terminal);
      const line = progressLine(terminal);
      try {
        const path = await stoppable('stopped; nothing was installed', signal => {
          const how = { python, signal, onLine: (text: string) => line.show(text.slice(0, 100)) };
          return kind === 'native' ? installNative(how) : installPlugin(kind, how);
        });
        line.clear();
        giveResult(terminal, options, { kind, path }, () => `${path}\n`);
      } finally {
        line.clear();
      }
    });
