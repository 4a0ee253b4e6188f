/* What a command cannot do without. All that is missing is named at once, before anything is begun. */
import type { Command } from 'commander';

/** What options a command needs, by the words that name them: '--out', 'one of --onnx or --hub'; undefined: not given. */
type Needed<O> = (options: O) => Readonly<Record<string, unknown>>;

const NEEDED = new WeakMap<Command, Needed<never>>();

/** Declares the options that a command needs; commander asks for its own one by one, and asks inner commands for them too. */
export const needing =
  <O>(needed: Needed<Partial<O>>) =>
  (command: Command): Command => {
    NEEDED.set(command, needed);
    return command;
  };

/** The arguments and options that a parsed command lacks, as help names them. */
export const allMissing = (command: Command): string[] => {
  const operands = command.registeredArguments
    .filter((argument, i) => argument.required && command.args[i] === undefined)
    .map(argument => `<${argument.name()}>`);
  const options = NEEDED.get(command)?.(command.opts<never>()) ?? {};
  return [...operands, ...Object.keys(options).filter(name => options[name] === undefined)];
};
