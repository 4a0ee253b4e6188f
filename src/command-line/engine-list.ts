import { Command } from 'commander';
import { deviceProblem, findPlugin, findPlugins, hardwareHere, nvidiaDriver } from '../compute/xla/pjrt';
import { giveResult, type JsonOption, withJson } from './json-output';
import { nativeMade } from './native-place';
import { columns, type Terminal } from './terminal';

/** `cosim engine list`. */
export const engineListCommand = (terminal: Terminal): Command =>
  withJson(
    new Command('list')
      .summary('list the plugins that were found, and which is used')
      .description(
        'Lists PJRT plugins in the order in which they are looked for: the one that COSIM_PJRT_PLUGIN names, those installed ' +
          'with `cosim engine install`, those of the Pythons on the PATH. The one that is used is marked with *. ' +
          'Says too where the native backend lies.',
      ),
  )
    .addHelpText('after', '\nExamples:\n  $ cosim engine list\n  $ COSIM_PJRT_PLUGIN=/opt/plugin.so cosim engine list')
    .action(async (options: JsonOption) => {
      const [plugins, used, problem] = await Promise.all([findPlugins(), findPlugin(), deviceProblem()]);
      const hardware = hardwareHere();
      const driver = nvidiaDriver();
      const listed = plugins.map(({ path, kind, from }) => ({ path, kind, from, used: path === used?.path }));
      const native = nativeMade();
      giveResult(terminal, options, { hardware, driver, native, plugins: listed, problem }, () =>
        [
          columns([
            ['hardware', hardware.length > 0 ? hardware.join(', ') : 'no GPU or TPU'],
            ...(driver === undefined ? [] : [['driver', `NVIDIA ${driver}`]]),
            ['native', native ?? 'not made: `cosim engine install native` makes it'],
          ]),
          columns(listed.map(plugin => [plugin.used ? '*' : ' ', plugin.kind, plugin.from, plugin.path])),
          problem === undefined ? '' : `not used: ${problem}\n`,
        ].join(''),
      );
    });
