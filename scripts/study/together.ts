/* Which options of `npm run study` go together: one that would be ignored is refused. */

const COMMANDS = ['measure', 'one-call', 'search', 'ship', 'draw', 'beside', 'compile'] as const;

type Values = Partial<Record<(typeof COMMANDS)[number] | 'shipped' | 'steps' | 'at', string | boolean>>;

/** @throws Error for options of which one would be ignored */
export const expectTogether = (values: Values): void => {
  const commands = COMMANDS.filter(name => values[name]).filter(name => name !== 'measure' || !values.ship);
  if (commands.length > 1) throw new Error(`--${commands[0]} and --${commands[1]} are two commands`);
  if (values.shipped && !values.search) throw new Error('--shipped goes with --search');
  if (values.steps !== undefined && !values.shipped) throw new Error('--steps goes with --search --shipped');
  if (values.at !== undefined && values.ship !== undefined)
    throw new Error('--ship measures the last milestone: it takes no --at');
};
