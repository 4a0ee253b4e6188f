/* What is said of a command line that cannot be meant: the argument, what was expected, what came. */
import { type Command, type CommanderError, InvalidArgumentError, type Option } from 'commander';
import { ArgumentError, unknownName } from '../compute/check';
import { allMissing } from './needed';

/** 'cosim eval compare'. */
const pathOf = (command: Command): string =>
  command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();

/** A command and all that are inside it. */
export const withInner = (command: Command): Command[] => [command, ...command.commands.flatMap(withInner)];

const root = (command: Command): Command => (command.parent ? root(command.parent) : command);

/** Where what there is stands, for the end of a message. */
const seeHelp = (command: Command): string => `\nSee '${pathOf(command)} --help'.`;

/** The commands that have an option of this name, of which `command` is none. */
const elsewhere = (command: Command, flag: string): string => {
  const paths = withInner(root(command))
    .filter(other => other.options.some(({ long }) => long === flag))
    .map(other => `'${pathOf(other)}'`);
  return paths.length === 0 ? '' : ` It is an option of ${paths.join(', ')}.`;
};

const unknownOption = (command: Command, text: string): ArgumentError => {
  const [, flag = text, value] = /^(-[^=]*)=([^]*)$/.exec(text) ?? [];
  const known = command.options.flatMap(({ long }) => long ?? []);
  if (value !== undefined && known.includes(flag))
    return new ArgumentError(`${flag} takes no value, got '${value}'${seeHelp(command)}`);
  const [, guess = ''] = / (Did you mean '[^]*?'\?) Known: /.exec(unknownName('', '', flag, [...known, '--help']).message) ?? []; // prettier-ignore
  const other = guess === '' ? elsewhere(command, flag) : ` ${guess}`;
  return new ArgumentError(`unknown option '${flag}'.${other}${seeHelp(command)}`);
};

const unknownCommand = (command: Command, name: string): ArgumentError => {
  const known = command.commands.map(inner => inner.name());
  const { message } = unknownName(pathOf(command), 'command', name, known);
  return new ArgumentError(message.replace(/^cosim:? /, ''));
};

/** 'a', 'a and b', 'a, b and c'. */
const listed = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;

/** What stands in quotation marks in a message. */
const quotedIn = (message: string): string => /'([^]*?)'(?=\n|\.| argument missing|$)/.exec(message)?.[1] ?? '';

/** @throws ArgumentError naming all arguments and options that are missing */
const expectAllGiven = (command: Command): void => {
  const missing = allMissing(command);
  if (missing.length === 0) return;
  throw new ArgumentError(`${listed(missing)} ${missing.length > 1 ? 'are' : 'is'} needed${seeHelp(command)}`);
};

/**
 * An error of commander as one of ours.
 * @throws CommanderError for what is no error, such as help that was asked for; ArgumentError
 */
const refuse = (command: Command, error: CommanderError): never => {
  const { code, message } = error;
  if (code === 'commander.missingArgument') expectAllGiven(command);
  if (code === 'commander.unknownOption') throw unknownOption(command, quotedIn(message));
  if (code === 'commander.excessArguments') {
    const extra = command.args[command.registeredArguments.length];
    throw new ArgumentError(`unexpected argument '${extra}'${seeHelp(command)}`);
  }
  if (code === 'commander.optionMissingArgument')
    throw new ArgumentError(`${quotedIn(message)}: its value is missing${seeHelp(command)}`);
  throw error;
};

/**
 * Refuses a word where only a command can stand, also in front of --help, where commander shows the help of what is known.
 * @throws ArgumentError with the nearest command
 */
export const expectCommands = (command: Command, [word, ...rest]: readonly string[]): void => {
  if (word === undefined || word.startsWith('-') || command.commands.length === 0) return;
  const inner = command.commands.find(one => one.name() === word);
  if (inner) return expectCommands(inner, rest);
  if (command.registeredArguments.length === 0) throw unknownCommand(command, word);
};

/** How commander reads a value. */
type Readers = Pick<Option, 'argChoices' | 'parseArg'>;

/** Reads a value of an option or argument; what is wrong with it is said by its name. */
const namedParser =
  ({ argChoices, parseArg }: Readers, name: string) =>
  (text: string, previous: unknown): unknown => {
    if (argChoices) {
      if (!argChoices.includes(text)) throw unknownName(name, 'value', text, argChoices);
      return text;
    }
    try {
      return parseArg ? parseArg(text, previous) : text;
    } catch (error) {
      throw error instanceof InvalidArgumentError ? new ArgumentError(`${name} ${error.message}`) : error;
    }
  };

/** Makes a program, and all commands in it, say what is wrong as this file does, and ask for all they need at once. */
export const strict = (program: Command): Command => {
  for (const command of withInner(program)) {
    command.exitOverride(error => refuse(command, error)).configureOutput({ outputError: () => undefined });
    for (const option of command.options) option.argParser(namedParser({ ...option }, option.long ?? option.flags));
    for (const argument of command.registeredArguments)
      argument.argParser(namedParser({ ...(argument as Readers) }, `<${argument.name()}>`));
  }
  return program.hook('preAction', (_, command) => {
    expectAllGiven(command);
  });
};

/**
 * The same error with an option's name as it is typed, where a function calls it by its own: 'learningRate must be above 0'
 * as '--learning-rate must be above 0'. What a variable of the environment says stays as it is.
 */
export const inWordsOf = (command: Command | undefined, message: string): string => {
  const [said, name] = /^(?!COSIM_)(?:\w+: )?([A-Za-z]\w*):?(?= must )/.exec(message) ?? [];
  const option = command?.options.find(one => one.attributeName() === name);
  return said === undefined || !option?.long ? message : option.long + message.slice(said.length);
};
