/* Options of several commands, and their values as they are typed: what is wrong is said without the option's name, which is put before it. */
import { type Command, InvalidArgumentError } from 'commander';

/** A command with what each of these adds to it, in this order. */
export const withOptions = (command: Command, ...added: readonly ((command: Command) => Command)[]): Command =>
  added.reduce((so, add) => add(so), command);

/** An option as it is typed: className as --class-name. */
export const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`;

const MAX_SEEDS = 10_000_000;

/** '0-63', '1,2,5-8' to whole numbers from 0. */
export const seedList = (text: string): number[] => {
  const seeds: number[] = [];
  for (const part of text.split(',')) {
    const [, first, last = first] = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(part.trim()) ?? [];
    if (first === undefined)
      throw new InvalidArgumentError(`must be numbers and ranges such as 0-63 or 1,2,5-8, got '${part}'`);
    const [from, to] = [Number(first), Number(last)];
    if (to < from) throw new InvalidArgumentError(`must be ranges that rise, got '${part}'`);
    if (seeds.length + to - from >= MAX_SEEDS)
      throw new InvalidArgumentError(`must be at most ${MAX_SEEDS} numbers, got more`);
    for (let seed = from; seed <= to; seed++) seeds.push(seed);
  }
  return seeds;
};

/** '80,1.4' to numbers. */
export const numberList = (text: string): number[] => text.split(',').map(decimal);

export const decimal = (text: string): number => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError(`must be a number, got '${text}'`);
  return value;
};

/** A whole number of at least 1. */
export const count = (text: string): number => {
  if (!/^[1-9]\d{0,14}$/.test(text))
    throw new InvalidArgumentError(`must be a whole number of at least 1, got '${text}'`);
  return Number(text);
};

/** A number of devices, or `all`: 0. */
export const devices = (text: string): number => {
  if (text === 'all') return 0;
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError(`must be a whole number of at least 1, or all, got '${text}'`);
};

/** A whole number of at least 0. */
export const index = (text: string): number => {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError(`must be a whole number of at least 0, got '${text}'`);
  return Number(text);
};

/** A JSON object, such as a network's constructor arguments. */
export const jsonObject = (text: string): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // falls through to the same error
  }
  throw new InvalidArgumentError(`must be a JSON object, got '${text.slice(0, 60)}'`);
};
