import { Command } from 'commander';
import { deviceProblem, findPlugin, findPlugins, hardwareHere, nvidiaDriver } from '../compute/xla/pjrt';
import { giveResult, type JsonOption, withJson } from './json-output';
import { columns, type Terminal } from './terminal';

/** `cosim engine list`. */
export const engineListCommand = (terminal: Terminal): Command =>
  withJson(
    new Command('list')
      .summary('list the plugins that were found, and which is used')
      .description(
        'Lists PJRT plugins in the order in which they are looked for: the one that COSIM_PJRT_PLUGIN names, those installed ' +
          'with `cosim engine install`, those of the Pythons on the PATH. The one that is used is marked with *.',
      ),
  )
    .addHelpText('after', '\nExamples:\n  $ cosim engine list\n  $ COSIM_PJRT_PLUGIN=/opt/plugin.so cosim engine list')
    .action(async (options: JsonOption) => {
      const [plugins, used, problem] = await Promise.all([findPlugins(), findPlugin(), deviceProblem()]);
      const hardware = hardwareHere();
      const driver = nvidiaDriver();
      const listed = plugins.map(({ path, kind, from }) => ({ path, kind, from, used: path === used?.path }));
      giveResult(terminal, options, { hardware, driver, plugins: listed, problem }, () =>
        [
          columns([
            ['hardware', hardware.length > 0 ? hardware.join(', ') : 'no GPU or TPU'],
            ...(driver === undefined ? [] : [['driver', `NVIDIA ${driver}`]]),
          ]),
          columns(listed.map(plugin => [plugin.used ? '*' : ' ', plugin.kind, plugin.from, plugin.path])),
          problem === undefined ? '' : `not used: ${problem}\n`,
        ].join(''),
      );
    });
