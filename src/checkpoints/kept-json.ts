/* Results that are kept as JSON: with a checksum and with what they depend on, both checked before they are believed. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { writeFileAtomic } from './atomic';
import { noPlainFile, setAside, standingAt, unlessGone } from './set-aside';

const FORMAT = 'cosim kept result 1';

type Envelope = { format: string; checksum: string; depends: unknown; content: unknown };

/** JSON has no NaN and no infinities: they are written as { "$number": "NaN" }. */
const withNonFinite = (_: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? { $number: String(value) } : value;

const fromNonFinite = (_: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && '$number' in value ? Number(value.$number) : value;

/**
 * JSON in which NaN and the infinities survive; `parseNumbers` reads it.
 * @param space indentation, as JSON.stringify has it
 */
export const stringifyNumbers = (value: unknown, space?: number): string => JSON.stringify(value, withNonFinite, space);

/** What `stringifyNumbers` wrote. @throws SyntaxError for a text that is no JSON */
export const parseNumbers = (text: string): unknown => JSON.parse(text, fromNonFinite) as unknown;

/** JSON with sorted keys: equal values have equal text. */
export const canonicalJson = (value: unknown): string =>
  JSON.stringify(value, (key, v: unknown) =>
    v && typeof v === 'object' && !Array.isArray(v)
      ? Object.fromEntries(Object.entries(v).sort())
      : withNonFinite(key, v),
  );

const checksumOf = (content: unknown): string => createHash('sha256').update(stringifyNumbers(content)).digest('hex');

/**
 * Writes a result, whole or not at all.
 * @param depends all that it depends on, as plain JSON: `readKept` finds it under the same only
 * @throws Node's error if it cannot be written
 */
export const writeKept = (path: string, depends: unknown, content: unknown): Promise<void> => {
  const envelope: Envelope = { format: FORMAT, checksum: checksumOf(content), depends, content };
  return writeFileAtomic(path, `${stringifyNumbers(envelope, 1)}\n`);
};

/** The content of an envelope, or why it cannot be believed. */
const opened = (text: string, depends: unknown): { content: unknown } | { why: string } => {
  let envelope: Partial<Envelope> | null;
  try {
    envelope = parseNumbers(text) as Partial<Envelope> | null;
  } catch {
    return { why: text.trim() === '' ? 'it is empty' : 'it is no JSON' };
  }
  if (typeof envelope !== 'object' || envelope?.format !== FORMAT)
    return { why: `it is not of the format '${FORMAT}', which has a checksum` };
  const { content, checksum } = envelope;
  if (content === undefined || checksumOf(content) !== checksum) return { why: 'it does not fit its checksum' };
  if (canonicalJson(envelope.depends) !== canonicalJson(depends))
    return { why: `it depends on ${String(canonicalJson(envelope.depends)).slice(0, 200)}, not on what is asked for` };
  return { content };
};

/**
 * Reads what `writeKept` wrote. What is damaged, of another format or of other dependencies is set aside with a warning.
 * @returns undefined where there is nothing that can be believed
 * @throws Node's error for a file that is there and may not be read
 */
export const readKept = async <T>(path: string, depends: unknown): Promise<T | undefined> => {
  const seen = await standingAt(path);
  if (seen === undefined) return undefined;
  const strange = await noPlainFile(path);
  const text = strange === undefined ? await readFile(path, 'utf8').catch(unlessGone) : '';
  if (text === undefined) return undefined;
  const found = strange === undefined ? opened(text, depends) : { why: strange };
  if ('content' in found) return found.content as T;
  await setAside(path, found.why, seen);
  return undefined;
};
