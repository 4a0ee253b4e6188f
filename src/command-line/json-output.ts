/* `--json`: the same for every command that has a result. */
import type { Command } from 'commander';
import { stringifyNumbers } from '../checkpoints';
import type { Terminal } from './terminal';

/** The option that `withJson` adds. */
export type JsonOption = { json?: boolean };

/** Adds `--json` to a command. */
export const withJson = (command: Command): Command =>
  command.option('--json', 'the result as one line of JSON, and nothing else, on standard output');

/**
 * A result as one line of JSON. JSON has no NaN and no infinities: they are written as `{"$number":"NaN"}`, which
 * `parseNumbers` reads; null means that there is no such value.
 */
export const jsonLine = (value: unknown): string => `${stringifyNumbers(value)}\n`;

/** Writes a result: with `--json` the value, otherwise the text. */
export const giveResult = (
  { out }: Pick<Terminal, 'out'>,
  { json = false }: JsonOption,
  value: unknown,
  text: () => string,
): void => {
  out(json ? jsonLine(value) : text());
};
