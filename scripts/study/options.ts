/* The options of `npm run study`, and which of them each of its commands takes: one that would be ignored is refused. */
import { parseArgs } from 'node:util';

const OPTIONS = {
  data: { type: 'string' },
  out: { type: 'string' },
  for: { type: 'string' },
  to: { type: 'string' },
  engine: { type: 'string' },
  precision: { type: 'string' },
  carried: { type: 'string' },
  'await-teacher': { type: 'boolean' },
  compile: { type: 'boolean' },
  measure: { type: 'boolean' },
  'one-call': { type: 'boolean' },
  draw: { type: 'boolean' },
  beside: { type: 'string' },
  search: { type: 'boolean' },
  shipped: { type: 'boolean' },
  steps: { type: 'string' },
  ship: { type: 'string' },
  features: { type: 'string' },
  at: { type: 'string' },
  help: { type: 'boolean' },
} as const;

/** The options of a study by name, as they were given. */
export type StudyOptions = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'];
type Option = keyof typeof OPTIONS;

/** What each command takes besides itself; 'train' is that of none. */
const TAKES = {
  train: ['data', 'out', 'for', 'to', 'engine', 'precision', 'carried', 'await-teacher'],
  compile: ['data', 'out', 'engine', 'precision', 'carried'],
  measure: ['data', 'out', 'for', 'features', 'at'],
  ship: ['data', 'out', 'for', 'features', 'measure'],
  'one-call': ['data', 'out', 'for', 'features', 'at'],
  search: ['data', 'out', 'for', 'features', 'at', 'shipped', 'steps'],
  draw: [],
  beside: [],
} as const satisfies Record<string, readonly Option[]>;

/** What `npm run study` does. */
export type StudyCommand = keyof typeof TAKES;

/** Commands that take names of arms; the others are of the whole study. */
const OF_ARMS: readonly StudyCommand[] = ['train', 'compile', 'measure', 'ship', 'one-call'];

const COMMANDS = (Object.keys(TAKES) as StudyCommand[]).filter(name => name !== 'train');

const isGiven = (values: StudyOptions, name: Option): boolean => values[name] !== undefined;

const spelt = (command: StudyCommand): string => (command === 'train' ? 'training' : `--${command}`);

/**
 * The arguments of `npm run study` behind its name.
 * @throws Error for one that is unknown, or that the command would ignore
 */
export const studyArguments = (
  args: readonly string[],
): { command: StudyCommand; positionals: string[]; values: StudyOptions } => {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS });
  const given = (Object.keys(OPTIONS) as Option[]).filter(name => isGiven(values, name));
  const commands = COMMANDS.filter(name => isGiven(values, name as Option));
  const [command = 'train', other] = values.ship === undefined ? commands : commands.filter(name => name !== 'measure');
  if (other !== undefined) throw new Error(`--${command} and --${other} are two commands`);
  const takes: readonly string[] = [...TAKES[command], command, 'help'];
  const ignored = given.find(name => !takes.includes(name));
  if (ignored !== undefined) throw new Error(`${spelt(command)} takes no --${ignored}`);
  if (values.steps !== undefined && !values.shipped) throw new Error('--steps goes with --search --shipped');
  if (positionals.length > 1 && !OF_ARMS.includes(command)) throw new Error(`${spelt(command)} takes no ARM`);
  return { command, positionals, values };
};

/**
 * The arguments of `npm run reproduce -- STUDY`, as training and measuring take them. Measuring is not cut short.
 * @throws Error for an option that neither takes
 */
export const reproduceArguments = (args: readonly string[]): { training: string[]; measuring: string[] } => {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS });
  const of = (names: readonly Option[]): string[] =>
    names
      .filter(name => isGiven(values, name))
      .flatMap(name => (values[name] === true ? [`--${name}`] : [`--${name}`, String(values[name])]));
  const known: readonly Option[] = [...TAKES.train, ...TAKES.measure];
  const other = (Object.keys(OPTIONS) as Option[]).find(name => isGiven(values, name) && !known.includes(name));
  if (other !== undefined) throw new Error(`npm run reproduce takes no --${other}; npm run study does`);
  const measuring = TAKES.measure.filter(name => name !== 'for');
  return {
    training: [...positionals, ...of(TAKES.train)],
    measuring: [...positionals, ...of(measuring), '--measure'],
  };
};
