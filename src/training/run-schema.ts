/* What the files of a run's checkpoint may say. What an option may be is known where it is used; this is the shape around it. */
import { z } from 'zod';
import { CheckpointError } from '../checkpoints';
import { ArgumentError } from '../compute/check';

const count = z.int().min(0);

const MOST = 1e6;

/** No number in a configuration is as large as MOST: lists are built by some of them. */
const bounded = (value: unknown): boolean =>
  typeof value === 'number'
    ? Math.abs(value) < MOST
    : typeof value !== 'object' || value === null || Object.values(value).every(bounded);

/** Options of a method or a network: what they may be is known where they are used. */
const option = z.custom(bounded, `expected numbers below ${MOST}`);
const method = z.object({ kind: z.string() }).catchall(option);
const network = z.object({ kind: z.string(), blocks: z.int().max(1000).optional() }).catchall(option);

/** Options by today's names; those that came after 0.1 may be absent. */
const options = z.strictObject({
  batch: z.int().min(1),
  accumulationRounds: z.int().min(1),
  learningRate: z.number(),
  warmup: z.number(),
  beta1: z.number(),
  beta2: z.number(),
  eps: z.number(),
  emaHalflife: z.number(),
  emaRampup: z.number(),
  seed: count,
  maxBadSteps: z.int().min(1),
  engine: z.string(),
  workers: count,
  devices: count.optional(),
  precision: z.string().optional(),
});

/** `run.json`. */
export const runJsonSchema = z.strictObject({
  format: z.literal('cosim-run-1'),
  step: count,
  images: count,
  method,
  denoisers: z.strictObject({ theta: network.optional(), phi: network, psi: network.optional() }),
  options,
  dataset: z.strictObject({ name: z.string(), provenance: z.record(z.string(), z.union([z.string(), z.number()])) }),
  times: z.record(z.string().regex(/^[1-9]\d*$/), z.array(z.number().positive())).optional(),
});

/** A metric; until 0.2 one that was not finite was null. */
const metric = z.union([z.number(), z.nan(), z.literal([Infinity, -Infinity]), z.null().transform(() => NaN)]);

/** A line of `history.jsonl`. */
export const reportSchema = z
  .object({ step: z.int().min(1), images: z.int().min(1), seconds: z.number().min(0) })
  .catchall(metric);

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
};

const at = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | null | undefined)?.[key], value);

/** The first field of a value that does not fit, with what is expected and what it holds. */
const faultOf = ({ issues: [{ path, message }] }: z.ZodError, value: unknown): string => {
  const field = path.length > 0 ? `${path.map(String).join('.')}: ` : '';
  return `${field}${message}, got ${shown(at(value, path))}`;
};

/**
 * A value read from a file, checked against a schema.
 * @throws CheckpointError 'format' naming the file, the first field that does not fit and what it holds
 */
export const checked = <T>(file: string, schema: z.ZodType<T>, value: unknown): T => {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new CheckpointError('format', `${file}: ${faultOf(result.error, value)}`);
};

/**
 * Refuses a run that could be saved and never loaded: what its `run.json` would say is checked as it is read.
 * @throws ArgumentError naming the field
 */
export const expectStorable = (json: unknown): void => {
  const written: unknown = JSON.parse(JSON.stringify(json));
  const { success, error } = runJsonSchema.safeParse(written);
  if (!success) throw new ArgumentError(`run: ${faultOf(error, written)}`);
};

/** What of `now` is otherwise in `stored`, or absent there: the path of the first difference. */
const difference = (stored: unknown, now: unknown, path: string): string | undefined => {
  if (typeof now !== 'object' || now === null) return Object.is(stored, now) ? undefined : path;
  if (typeof stored !== 'object' || stored === null || Array.isArray(stored) !== Array.isArray(now)) return path;
  for (const key of new Set([...Object.keys(now), ...Object.keys(stored)])) {
    const inner = (from: object): unknown =>
      Object.hasOwn(from, key) ? (from as Record<string, unknown>)[key] : undefined;
    const found = difference(inner(stored), inner(now), `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
};

/**
 * Refuses a configuration that is not the whole of what was made of it: a value that was left out would silently be today's
 * default.
 * @throws CheckpointError 'format' naming the field
 */
export const expectWhole = (file: string, path: string, stored: unknown, now: unknown): void => {
  const field = difference(stored, JSON.parse(JSON.stringify(now)), path);
  if (field !== undefined)
    throw new CheckpointError('format', `${file}: ${field} is missing, or not what a run of this kind has`);
};
