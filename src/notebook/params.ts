import { readFileSync } from 'node:fs';
import { ArgumentError, expectKeys, expectOneOf, fail, withDefaults } from '../compute/check';

/**
 * The sizes at which a notebook runs: a check of every line (`smoke`), a first look in a minute or two (`tour`), two CPU
 * cores in minutes to an hour (`laptop`), the paper's (`paper`).
 */
export type Preset = 'smoke' | 'tour' | 'laptop' | 'paper';

/** What a parameter of a notebook may be. */
export type ParamValue = number | string | boolean | readonly number[] | readonly string[];

/** A notebook's parameters: the chosen preset's values, frozen, and the preset's name. */
export type Params<T> = {
  readonly [K in keyof T]: T[K] extends readonly (infer Entry)[] ? readonly Entry[] : T[K];
} & { readonly preset: Preset };

/** Keeps TypeScript from widening T to fit a preset that lacks a key. */
export type Same<T> = [T][T extends unknown ? 0 : never];

const presetNames = ['smoke', 'tour', 'laptop', 'paper'] as const;

/** `COSIM_PARAMS` is JSON text, or the path of a file that holds it. */
const readOverrides = (source: string): object => {
  const inline = source.trimStart().startsWith('{');
  let parsed: unknown;
  try {
    parsed = JSON.parse(inline ? source : readFileSync(source, 'utf8'));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ArgumentError(`params: COSIM_PARAMS must be a JSON object or the path of one: ${reason}`);
  }
  return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
    ? parsed
    : fail('params', 'COSIM_PARAMS', 'a JSON object', parsed);
};

/** `withDefaults` compares kinds; the entries of lists must agree too, and null is never a value. */
const checkEntries = (where: string, given: object, usual: Record<string, unknown>): void => {
  for (const [key, value] of Object.entries(given)) {
    if (value === null) fail(where, key, `a ${typeof usual[key]}`, value);
    const list = usual[key];
    if (!Array.isArray(list) || !Array.isArray(value) || list.length === 0) continue;
    const kind = typeof list[0];
    if (!value.every(entry => typeof entry === kind)) fail(where, key, `a list of ${kind}s`, value);
  }
};

/** The types say the same; this is for presets that came through a cast or from JavaScript. */
const checkSameKeys = (preset: Preset, values: object, usual: object): void => {
  expectKeys(`params: preset '${preset}'`, values, Object.keys(usual));
  for (const key of Object.keys(usual))
    if (!(key in values)) throw new ArgumentError(`params: preset '${preset}' lacks '${key}'.`);
};

/**
 * The one cell of parameters. `smoke`, `laptop` and `paper` give every key, `tour` only what differs from `laptop`.
 * COSIM_PRESET picks one (default 'laptop') and COSIM_PARAMS (JSON text or a file's path) replaces single values, so a
 * notebook runs at other sizes without being edited.
 * @throws ArgumentError for an unknown preset or key, naming the nearest, for a value of another type, and for `tour` where there is none.
 * @example
 * const p = params({
 *   smoke: { images: 2_000, seeds: [0] },
 *   tour: { images: 50_000 },
 *   laptop: { images: 400_000, seeds: [0, 1, 2] },
 *   paper: { images: 4_000_000, seeds: [0, 1, 2] },
 * });
 */
export const params = <T extends Readonly<Record<string, ParamValue>>>(presets: {
  smoke: Same<T>;
  tour?: Partial<Same<T>>;
  laptop: T;
  paper: Same<T>;
}): Params<T> => {
  const { COSIM_PRESET = '', COSIM_PARAMS = '' } = process.env;
  const chosen = COSIM_PRESET === '' ? 'laptop' : COSIM_PRESET;
  const preset = expectOneOf('params', 'COSIM_PRESET', chosen, presetNames);
  const { tour, ...complete } = presets;
  if (preset === 'tour' && tour === undefined)
    throw new ArgumentError("params: this notebook has no preset 'tour'; it has 'smoke', 'laptop' and 'paper'.");
  for (const [other, values] of Object.entries(complete)) checkSameKeys(other as Preset, values, presets.laptop);
  const short = withDefaults<T>("params: preset 'tour'", tour ?? {}, presets.laptop);
  const defaults: T = preset === 'tour' ? short : complete[preset];

  const given = COSIM_PARAMS === '' ? {} : readOverrides(COSIM_PARAMS);
  const merged = withDefaults<T>('params: COSIM_PARAMS', given, defaults);
  checkEntries('params: COSIM_PARAMS', given, defaults);
  for (const value of Object.values(merged)) Object.freeze(value); // lists; numbers and texts are frozen as they are
  return Object.freeze({ ...merged, preset }) as unknown as Params<T>;
};
