import { Argument, Command } from 'commander';
import { INSTALLABLE, type Installable, installPlugin, userCache, WHEELS } from '../compute/xla/pjrt';
import { giveResult, type JsonOption, withJson } from './json-output';
import { stoppable, Stopped } from './stopped';
import { progressLine, type Terminal } from './terminal';

const size = (megabytes: number): string =>
  megabytes >= 1000 ? `${(megabytes / 1000).toFixed(1)} GB` : `${megabytes} MB`;

/** What will be fetched, before it is. */
const announcement = (kind: Installable): string => {
  const { requirements, megabytes, licence, needs } = WHEELS[kind];
  return [
    `${kind}: ${requirements.map(name => name.replace(/[=<>].*/, '')).join(', ')}`,
    `from:    PyPI, with pip, about ${size(megabytes)}`,
    `licence: ${licence}`,
    `needs:   ${needs}`,
    `into:    ${userCache('plugins', kind)}`,
    '',
  ].join('\n');
};

/** @throws Stopped unless the user agrees */
const agreed = async ({ ask }: Terminal): Promise<void> => {
  if (!ask) throw new Stopped('nobody is there to ask: --yes fetches without asking');
  if (!/^y(es)?$/i.test((await ask('Fetch it? [y/N] ')).trim())) throw new Stopped('nothing was fetched');
};

type InstallOptions = JsonOption & { yes?: boolean; python: string };

/** `cosim engine install KIND`. */
export const engineInstallCommand = (terminal: Terminal): Command =>
  withJson(
    new Command('install')
      .summary('install a plugin for a GPU or TPU')
      .description(
        "Installs XLA's plugin for a kind of accelerator, and the libraries that it needs, from PyPI into the user's cache " +
          '(~/.cache/cosim, or the folder COSIM_CACHE names). Says first what is fetched, how much, and under which licence. ' +
          'Needs Python 3 with venv for fetching only.',
      )
      .addArgument(new Argument('<kind>', 'kind of accelerator').choices(INSTALLABLE))
      .option('--yes', 'do not ask')
      .option('--python <path>', 'the Python to fetch with', 'python3'),
  )
    .addHelpText('after', '\nExamples:\n  $ cosim engine install cuda13\n  $ cosim engine install tpu --yes')
    .action(async (kind: Installable, { yes = false, python, ...options }: InstallOptions) => {
      terminal.err(announcement(kind));
      if (!yes) await agreed(terminal);
      const line = progressLine(terminal);
      try {
        const path = await stoppable('stopped; nothing was installed', signal =>
          installPlugin(kind, {
            python,
            signal,
            onLine: text => {
              line.show(text.slice(0, 100));
            },
          }),
        );
        line.clear();
        giveResult(terminal, options, { kind, path }, () => `${path}\n`);
      } finally {
        line.clear();
      }
    });
