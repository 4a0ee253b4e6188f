import { basename } from 'node:path';
import { DatasetError } from '../dataset-error';
import {
  type ClassLabels,
  type FolderLabels,
  labelsByFolder,
  LABELS_FILE,
  largestLabelsFile,
  readClassLabels,
} from './class-labels';
import { openZip, type ZipArchive } from './zip-archive';

/** The samples of a zip file in the reference's layout: sorted by name, with the classes of its dataset.json. */
export type LabelledZip = ClassLabels & {
  length: number;
  /** Bytes of a sample's file. */
  sizeOf: (index: number) => number;
  /** The file of a sample. */
  read: (index: number) => Promise<Uint8Array>;
  /** Of the zip file and the sample, for messages. */
  nameOf: (index: number) => string;
  provenance: Readonly<Record<string, string>>;
  close: () => Promise<void>;
};

/** What macOS adds to a zip file ('__MACOSX/._a.png'), and hidden files: a folder's are passed over too. */
const isHidden = (name: string): boolean => name.startsWith('__MACOSX/') || basename(name).startsWith('.');

const labelsOf = async (zip: ZipArchive, names: readonly string[], mode: FolderLabels): Promise<ClassLabels> => {
  if (mode === 'folders') return labelsByFolder(names, zip.path);
  const found = zip.names.indexOf(LABELS_FILE);
  const limit = largestLabelsFile(names.length);
  if (mode !== 'none' && found >= 0 && zip.sizeOf(found) > limit)
    throw new DatasetError(
      `${zip.path}: ${LABELS_FILE} has ${zip.sizeOf(found)} bytes for ${names.length} samples; ${limit} are the limit`,
    );
  const text = found < 0 || mode === 'none' ? undefined : Buffer.from(await zip.read(found)).toString('utf8');
  return readClassLabels(text, names, mode, `${zip.path}: ${LABELS_FILE}`);
};

/**
 * Opens a zip file of samples; stays open until `close`.
 * @throws DatasetError as `openZip` and `readClassLabels`, and when no file in it is a sample
 */
export const openLabelledZip = async (
  path: string,
  { isSample, what, mode }: { isSample: (name: string) => boolean; what: string; mode: FolderLabels },
): Promise<LabelledZip> => {
  const zip = await openZip(path);
  try {
    const places = Uint32Array.from(zip.names.keys()).filter(i => !isHidden(zip.names[i]) && isSample(zip.names[i]));
    if (places.length === 0) throw new DatasetError(`${path}: none of the ${zip.names.length} files in it is ${what}`);
    const names = Array.from(places, i => zip.names[i]);
    const { labels, classes } = await labelsOf(zip, names, mode);
    return {
      labels,
      classes,
      length: names.length,
      read: index => zip.read(places[index]),
      sizeOf: index => zip.sizeOf(places[index]),
      nameOf: index => `${path}: '${names[index]}'`,
      provenance: { file: basename(path), ...(await zip.fingerprint()) },
      close: zip.close,
    };
  } catch (error) {
    await zip.close();
    throw error;
  }
};
