import { InvalidArgumentError } from 'commander';

const MAX_SEEDS = 10_000_000;

/** '0-63', '1,2,5-8' to whole numbers from 0. */
export const seedList = (text: string): number[] => {
  const seeds: number[] = [];
  for (const part of text.split(',')) {
    const [, first, last = first] = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(part.trim()) ?? [];
    if (first === undefined) throw new InvalidArgumentError(`'${part}' is neither a number nor a range such as 0-63.`);
    const [from, to] = [Number(first), Number(last)];
    if (to < from) throw new InvalidArgumentError(`the range ${part} runs backwards.`);
    if (seeds.length + to - from >= MAX_SEEDS) throw new InvalidArgumentError(`more than ${MAX_SEEDS} numbers.`);
    for (let seed = from; seed <= to; seed++) seeds.push(seed);
  }
  return seeds;
};

/** '80,1.4' to numbers. */
export const numberList = (text: string): number[] => text.split(',').map(decimal);

export const decimal = (text: string): number => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError(`'${text}' is no number.`);
  return value;
};

/** A whole number of at least 1. */
export const count = (text: string): number => {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError(`'${text}' is no whole number of at least 1.`);
  return Number(text);
};

/** A number of devices, or `all`: 0. */
export const devices = (text: string): number => (text === 'all' ? 0 : count(text));

/** A whole number of at least 0. */
export const index = (text: string): number => {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError(`'${text}' is no whole number.`);
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
  throw new InvalidArgumentError(`'${text.slice(0, 60)}' is no JSON object.`);
};
