import type { Tensor } from '@tensorflow/tfjs-core';

/** Thrown for bad input: the message names the function, the argument, what was expected and what came. */
export class ArgumentError extends Error {
  override name = 'ArgumentError';
}

/** Thrown for a backend, an engine or a lowering that was asked for by name and is not to be had on this machine. */
export class UnavailableError extends Error {
  override name = 'UnavailableError';
}

const show = (value: unknown): string => {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'function') return 'a function';
  if (ArrayBuffer.isView(value)) return `a ${value.constructor.name} of ${value.byteLength} bytes`;
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
};

/** Throws `where: name must be expected, got value`. */
export const fail = (where: string, name: string, expected: string, got: unknown): never => {
  throw new ArgumentError(`${where}: ${name} must be ${expected}, got ${show(got)}`);
};

/** Checks a finite number in [min, max]; returns it. */
export const expectNumber = (
  where: string,
  name: string,
  value: unknown,
  { min = -Infinity, max = Infinity, above = -Infinity }: { min?: number; max?: number; above?: number } = {},
): number => {
  const ok = typeof value === 'number' && Number.isFinite(value) && value >= min && value <= max && value > above;
  const range = above > -Infinity ? ` above ${above}` : min > -Infinity ? ` of at least ${min}` : '';
  return ok ? value : fail(where, name, `a finite number${range}${max < Infinity ? ` and at most ${max}` : ''}`, value);
};

/** Checks an integer in [min, max]; returns it. */
export const expectInteger = (
  where: string,
  name: string,
  value: unknown,
  { min = 0, max = Number.MAX_SAFE_INTEGER }: { min?: number; max?: number } = {},
): number =>
  Number.isInteger(value) && (value as number) >= min && (value as number) <= max
    ? (value as number)
    : fail(where, name, `an integer from ${min}${max < Number.MAX_SAFE_INTEGER ? ` to ${max}` : ''}`, value);

/** Checks an object that is no list, such as one that a file holds. */
export const expectRecord = (where: string, name: string, value: unknown): void => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(where, name, 'an object', value);
};

/** Checks membership in a list of names; returns the value. */
export const expectOneOf = <T extends string>(where: string, name: string, value: unknown, choices: readonly T[]): T =>
  choices.includes(value as T) ? (value as T) : fail(where, name, `one of ${choices.map(show).join(', ')}`, value);

/** Checks a tensor's shape against a pattern, where -1 matches any size: `expectShape('conv', 'x', x, [-1, 16, 16, 1])`. */
export const expectShape = (
  where: string,
  name: string,
  tensor: Pick<Tensor, 'shape'>,
  pattern: readonly number[],
): void => {
  const { shape } = tensor;
  const ok = shape.length === pattern.length && pattern.every((size, i) => size === -1 || size === shape[i]);
  if (!ok) fail(where, name, `of shape [${pattern.map(d => (d < 0 ? '*' : d)).join(', ')}]`, shape);
};

/** Edit distance, for "did you mean" in messages. */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length];
};

/** The error for an unknown name: lists the known ones and points at the nearest. */
export const unknownName = (where: string, what: string, got: string, known: readonly string[]): ArgumentError => {
  const nearest = [...known].sort((a, b) => distance(a, got) - distance(b, got))[0];
  const hint = nearest && distance(nearest, got) <= Math.max(2, got.length / 3) ? ` Did you mean '${nearest}'?` : '';
  return new ArgumentError(`${where}: unknown ${what} '${got}'.${hint} Known: ${known.join(', ')}.`);
};

/** Refuses keys of `given` that are not in `known`, naming the nearest known key. */
export const expectKeys = (where: string, given: object, known: readonly string[]): void => {
  for (const key of Object.keys(given)) if (!known.includes(key)) throw unknownName(where, 'option', key, known);
};

/**
 * `{...defaults, ...given}` after refusing unknown keys and values whose type differs from the default's.
 * An explicit `undefined` means the default.
 * @throws ArgumentError naming the nearest known key, or the type that was expected.
 */
export const withDefaults = <T extends object>(where: string, given: Partial<T>, defaults: T): T => {
  expectKeys(where, given, Object.keys(defaults));
  const result = { ...defaults };
  for (const key of Object.keys(given) as (keyof T & string)[]) {
    const value = given[key];
    if (value === undefined) continue;
    const kind = (x: unknown) => (Array.isArray(x) ? 'array' : typeof x);
    const usual = defaults[key];
    if (usual !== null && usual !== undefined && kind(value) !== kind(usual))
      fail(where, key, `${/^[ao]/.test(kind(usual)) ? 'an' : 'a'} ${kind(usual)}`, value);
    result[key] = value;
  }
  return result;
};
