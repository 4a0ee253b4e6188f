/* Results that are kept as tensors: safetensors whose metadata has a checksum of all the rest. */
import { createHash } from 'node:crypto';
import { CheckpointError } from './checkpoint-error';
import { bytesOf, type HostTensor } from './host-tensor';
import { readSafetensors, type Safetensors, writeSafetensors } from './safetensors';
import { noPlainFile, setAside, standingAt, unlessGone } from './set-aside';

const byName = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1);

/** SHA-256 of names, types, shapes, values and texts, in the order of names. */
const checksumOf = ({ tensors, metadata }: Safetensors): string => {
  const hash = createHash('sha256');
  const texts = Object.entries(metadata).filter(([key]) => key !== 'checksum');
  const named = Object.entries(tensors).sort(byName);
  const heads = named.map(([name, { dtype, shape }]) => [name, dtype, shape]);
  hash.update(JSON.stringify([texts.sort(byName), heads]));
  for (const [, { data }] of named) hash.update(bytesOf(data));
  return hash.digest('hex');
};

/** The texts of a file with its checksum among them, for `writeSafetensors`. */
const withChecksum = (
  tensors: Record<string, HostTensor>,
  metadata: Record<string, string>,
): Record<string, string> => ({ ...metadata, checksum: checksumOf({ tensors, metadata }) });

/** Whether a file's content is what its checksum was taken of; undefined: it has none. */
export const fitsChecksum = (content: Safetensors): boolean | undefined =>
  content.metadata.checksum === undefined ? undefined : content.metadata.checksum === checksumOf(content);

/** Writes tensors and texts with their checksum, whole or not at all. @throws as `writeSafetensors` does */
export const writeKeptTensors = (
  path: string,
  tensors: Record<string, HostTensor>,
  metadata: Record<string, string>,
): Promise<void> => writeSafetensors(path, tensors, withChecksum(tensors, metadata));

const read = async (
  path: string,
  expected: Record<string, string>,
  check: (content: Safetensors) => string | undefined,
): Promise<Safetensors | { why: string }> => {
  const strange = await noPlainFile(path);
  if (strange !== undefined) return { why: strange };
  try {
    const content = await readSafetensors(path);
    const fits = fitsChecksum(content);
    if (fits === undefined) return { why: 'it is of an older format, without a checksum' };
    if (!fits) return { why: 'it does not fit its checksum' };
    const other = Object.entries(expected).find(([key, text]) => content.metadata[key] !== text);
    const why = other ? `its '${other[0]}' is not that of what is asked for` : check(content);
    return why === undefined ? content : { why };
  } catch (error) {
    if (error instanceof CheckpointError) return { why: error.message };
    throw error;
  }
};

/**
 * Reads what `writeKeptTensors` wrote. What is damaged, without a checksum or not as expected is set aside with a warning.
 * @param expected texts that the file must have
 * @param check of the tensors: what is wrong with them, if anything
 * @returns undefined where there is nothing that can be believed
 */
export const readKeptTensors = async (
  path: string,
  expected: Record<string, string> = {},
  check: (content: Safetensors) => string | undefined = () => undefined,
): Promise<Safetensors | undefined> => {
  const seen = await standingAt(path);
  if (seen === undefined) return undefined;
  const found = await read(path, expected, check).catch(unlessGone);
  if (found === undefined || !('why' in found)) return found;
  await setAside(path, found.why, seen);
  return undefined;
};
