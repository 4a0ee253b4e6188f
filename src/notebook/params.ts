import { readFileSync } from 'node:fs';
import { ArgumentError, expectOneOf, fail, withDefaults } from '../compute/check';
import {
  type NotebookName,
  type ParamValue,
  type Preset,
  PRESET_NAMES,
  type PresetValues,
  presetValues,
} from './presets';

/** The wider type of a value that was written out: number for 3, a list of numbers for [1, 2]. */
export type Wide<T> = T extends number
  ? number
  : T extends string
    ? string
    : T extends boolean
      ? boolean
      : T extends readonly (infer Entry)[]
        ? readonly Wide<Entry>[]
        : T;

/** A notebook's parameters, frozen, and the name of the preset that they come from. */
export type Params<T> = { readonly [K in keyof T]: Wide<T[K]> } & { readonly preset: Preset };

/** Values of the reader's, and the preset where COSIM_PRESET says none; default 'laptop'. */
export type Own = Readonly<Record<string, ParamValue>> & { readonly preset?: Preset };

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

const chosenPreset = (own: Preset = 'laptop'): Preset => {
  const { COSIM_PRESET = '' } = process.env;
  const [name, chosen] = COSIM_PRESET === '' ? ['preset', own] : ['COSIM_PRESET', COSIM_PRESET];
  return expectOneOf('params', name, chosen, PRESET_NAMES);
};

/** Own values may replace those of the preset; of the same kind, since the notebook counts on it. */
const merge = (values: Readonly<Record<string, ParamValue>>, own: Readonly<Record<string, ParamValue>>) => {
  const replaced = Object.fromEntries(Object.entries(own).filter(([key]) => key in values));
  checkEntries('params', own, { ...own, ...values });
  return { ...own, ...withDefaults('params', replaced, values) };
};

/**
 * The one cell of parameters. A notebook of this project names itself: `presets.ts` has the values that depend on its
 * size, and the cell has those that a reader changes; they win over the preset's. In a notebook of your own the values
 * alone are enough. COSIM_PRESET picks the preset, and COSIM_PARAMS (JSON text or a file's path) replaces single
 * values, so a notebook runs at other sizes without being edited.
 * @throws ArgumentError for an unknown notebook, preset or key of COSIM_PARAMS, naming the nearest, and for a value of another type.
 * @example
 * const p = params('01_quickstart', { preset: 'tour', coef: 1, seed: 0 });
 * @example
 * const p = params({ images: 400_000, seeds: [0, 1, 2] });
 */
export function params<N extends NotebookName, const T extends Own = Record<never, never>>(
  notebook: N,
  own?: T & { readonly [K in keyof PresetValues<N>]?: Wide<PresetValues<N>[K]> },
): Params<PresetValues<N> & Omit<T, keyof PresetValues<N> | 'preset'>>;
export function params<const T extends Own>(own: T): Params<Omit<T, 'preset'>>;
export function params(notebook: NotebookName | Own, changes: Own = {}): Params<object> {
  const named = typeof notebook === 'string';
  const { preset: wanted, ...own } = named ? changes : notebook;
  const preset = chosenPreset(wanted);
  const defaults = named ? merge(presetValues(notebook, preset), own) : own;
  const { COSIM_PARAMS = '' } = process.env;
  const given = COSIM_PARAMS === '' ? {} : readOverrides(COSIM_PARAMS);
  const merged = withDefaults<Record<string, ParamValue>>('params: COSIM_PARAMS', given, defaults);
  checkEntries('params: COSIM_PARAMS', given, defaults);
  for (const value of Object.values(merged)) Object.freeze(value); // lists; numbers and texts are frozen as they are
  return Object.freeze({ ...merged, preset });
}
