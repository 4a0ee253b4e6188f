import { DatasetError } from '../dataset-error';

/** Whether labels are used where there are any, must be there, or are left out. */
export const LABEL_MODES = ['optional', 'required', 'none'] as const;
/** Whether labels are used where there are any, must be there, or are left out. */
export type LabelMode = (typeof LABEL_MODES)[number];

/** As a zip's, or by folder: a class for each sub-folder of the first level, sorted by name. */
export const FOLDER_LABELS = [...LABEL_MODES, 'folders'] as const;
/** Where the labels of pictures come from; `folders`: the first folder of each path is the class. */
export type FolderLabels = LabelMode | 'folders';

/** A class for each sample. */
export type ClassLabels = {
  /** [n], empty: no labels. */
  labels: Int32Array;
  /** The largest label plus one; 0: no labels. */
  classes: number;
};

/** Where labels are, beside the images. */
export const LABELS_FILE = 'dataset.json';

const NONE: ClassLabels = { labels: new Int32Array(0), classes: 0 };
const MAX_CLASSES = 1_000_000;

/**
 * Bytes that a labels file of so many samples may have: a line of ImageNet's has 34, and names of other samples may be
 * there too.
 */
export const largestLabelsFile = (samples: number): number => 2 ** 24 + 512 * samples;

const DEEPEST = 8; // brackets inside brackets; a labels file has three

/** Refuses brackets so deep that no labels file has them, before a parser makes a list of each. */
const expectFlat = (text: string, where: string): void => {
  for (let i = 0, depth = 0, quoted = false; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (quoted) {
      if (code === 92)
        i++; // a backslash
      else if (code === 34) quoted = false;
    } else if (code === 34) quoted = true;
    else if (code === 91 || code === 123) {
      if (++depth > DEEPEST)
        throw new DatasetError(`${where}: brackets deeper than ${DEEPEST}; no labels look like that`);
    } else if (code === 93 || code === 125) depth--;
  }
};

const show = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 80);

/** The pairs of a name and a class. */
const parse = (text: string, where: string): Map<string, number> | undefined => {
  expectFlat(text, where);
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new DatasetError(`${where}: not JSON (${(error as Error).message})`);
  }
  const pairs = (content as { labels?: unknown } | null)?.labels;
  if (pairs === null) return undefined;
  if (!Array.isArray(pairs))
    throw new DatasetError(`${where}: "labels" must be a list of [name, class] or null, it is ${show(pairs)}`);
  const classes = new Map<string, number>();
  for (const pair of pairs as unknown[]) {
    const [name, label, ...more] = Array.isArray(pair) ? (pair as unknown[]) : [];
    if (typeof name !== 'string' || !Number.isInteger(label) || more.length > 0)
      throw new DatasetError(`${where}: a label must be [name, class], it is ${show(pair)}`);
    if ((label as number) < 0 || (label as number) >= MAX_CLASSES)
      throw new DatasetError(
        `${where}: the class of '${name}' is ${show(label)}; 0 to ${MAX_CLASSES - 1} are possible`,
      );
    const path = name.replaceAll('\\', '/'); // as the names in a zip
    if (classes.has(path)) throw new DatasetError(`${where}: '${name}' is labelled twice`);
    classes.set(path, label as number);
  }
  return classes;
};

/** A class for each folder of the first level, sorted by name. */
export const labelsByFolder = (names: readonly string[], where: string): ClassLabels => {
  const tops = names.map(name => {
    if (!name.includes('/'))
      throw new DatasetError(`${where}: '${name}' lies in no sub-folder; labels by folder need one for every image`);
    return name.slice(0, name.indexOf('/'));
  });
  const classes = new Map([...new Set(tops)].sort().map((name, i) => [name, i]));
  return classLabels(Int32Array.from(tops, name => classes.get(name)!));
};

/** The labels [n] and how many classes they count. */
const classLabels = (labels: Int32Array): ClassLabels => ({
  labels,
  classes: labels.reduce((most, label) => Math.max(most, label + 1), 0),
});

/**
 * The classes of samples by name, from the text of a dataset.json (`{"labels": [["00000/img00000000.png", 6], ...]}`)
 * or none. Names that belong to no sample are passed over, as the reference does.
 * @throws DatasetError for malformed text, a sample without label, and no labels where they are required
 */
export const readClassLabels = (
  text: string | undefined,
  names: readonly string[],
  mode: LabelMode,
  where: string,
): ClassLabels => {
  if (mode === 'none') return NONE;
  const known = text === undefined ? undefined : parse(text, where);
  if (!known) {
    const why = text === undefined ? 'it is not there' : 'its "labels" are null';
    if (mode === 'required') throw new DatasetError(`${where}: labels were asked for, but ${why}`);
    return NONE;
  }
  const labels = Int32Array.from(names, name => {
    const label = known.get(name);
    if (label === undefined) throw new DatasetError(`${where}: no label for '${name}'`);
    return label;
  });
  return classLabels(labels);
};
