/* A declared feature network against what its file says of itself. */
import { shapeSize } from '../compute/host-arrays';
import { expectInteger, expectKeys, fail } from '../compute/check';
import type { FeaturePlan, FileSignature, FileValue } from './feature-worker';
import { expectPreprocessing, inputShape, inputSize, type Preprocessing } from './preprocessing';

/** What one must know of an ONNX file to use it as a feature network; as JSON beside the file, or ready-made. */
export type FeatureDeclaration = {
  /** How results call it: 'FD-MobileNet'. */
  name: string;
  preprocessing: Preprocessing;
  /** Default: the file's only input. */
  input?: string;
  /** Output, or the first of these that there is; default: the file's only output. */
  features?: string | readonly string[];
  /** Output of the classifier, before its softmax. */
  logits?: string;
  /** The vector to take of an output [n, tokens, d]: 0 is a vision transformer's class token. */
  token?: number;
  /** Length of a feature vector; checked. */
  d?: number;
  /** Number of logits; checked against the file. */
  classes?: number;
  /** SHA-256 of the file, and of the external data that it refers to, hexadecimal; checked. */
  sha256?: string;
};

const KEYS = ['name', 'preprocessing', 'input', 'features', 'logits', 'token', 'd', 'classes', 'sha256'];

/** Checks a declaration, which may come from a file. @throws ArgumentError naming what is wrong */
export const expectDeclaration = (where: string, declaration: FeatureDeclaration): void => {
  expectKeys(where, declaration, KEYS);
  const { name, preprocessing, input, features, logits, token, d, classes, sha256 } = declaration;
  if (typeof name !== 'string' || name.trim() === '') fail(where, 'name', 'a name', name);
  expectPreprocessing(where, preprocessing);
  for (const [key, value] of Object.entries({ input, logits }))
    if (value !== undefined && typeof value !== 'string') fail(where, key, 'the name of one in the file', value);
  if (features !== undefined && ![features].flat().every(one => typeof one === 'string'))
    fail(where, 'features', 'the name of an output, or names', features);
  for (const [key, value] of Object.entries({ d, classes }))
    if (value !== undefined) expectInteger(where, key, value, { min: 1 });
  if (token !== undefined) expectInteger(where, 'token', token);
  if (classes !== undefined && logits === undefined)
    fail(where, 'logits', 'an output, since there are classes', logits);
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/.test(String(sha256))) fail(where, 'sha256', '64 hex digits', sha256);
};

const shown = ({ name, type, shape }: FileValue): string => `${name} ${type} [${shape.join(', ')}]`;

/** The value that the declaration means. @throws ArgumentError listing those there are */
const find = (
  where: string,
  kind: 'input' | 'output',
  values: readonly FileValue[],
  wanted?: string | readonly string[],
): FileValue => {
  const names = wanted === undefined ? undefined : [wanted].flat();
  if (names === undefined && values.length === 1) return values[0];
  const found = names?.map(name => values.find(value => value.name === name)).find(value => value !== undefined);
  const expected =
    names === undefined ? `the only ${kind}, or named in the declaration` : `called ${names.join(' or ')}`;
  return (
    found ?? fail(where, kind, `${expected}; the file has ${values.map(shown).join(', ')}`, names ?? values.length)
  );
};

/** The length of the vectors in an output, where the file says it. */
const lengthOf = ({ shape }: FileValue, token?: number): number | undefined => {
  const sizes = shape.slice(1).filter((_, i, all) => !(token !== undefined && all.length === 2 && i === 0));
  if (shape.length < 2 || !sizes.every(size => typeof size === 'number')) return undefined;
  return shapeSize(sizes);
};

/** A plan, with the lengths of its vectors as far as the file says them. */
export type Planned = { plan: FeaturePlan; d?: number; classes?: number };

/** Checks the file's one input against the declared preprocessing; sizes that the file leaves open fit. */
const expectInput = (where: string, input: FileValue, preprocessing: Preprocessing): void => {
  if (input.type !== preprocessing.dtype)
    fail(where, `input ${input.name}`, `of type ${preprocessing.dtype}`, input.type);
  if (input.shape.length === 0) return; // the file does not say
  const expected: (number | string)[] = inputShape(preprocessing, 1, { h: 1, w: 1 });
  expected[0] = 'n';
  if (preprocessing.resize.kernel === 'none' && preprocessing.crop === undefined)
    for (const axis of preprocessing.layout === 'NCHW' ? [2, 3] : [1, 2]) expected[axis] = 'any';
  const fits = expected.every(
    (size, i) => [size, input.shape[i]].some(x => typeof x === 'string') || size === input.shape[i],
  );
  if (input.shape.length !== 4 || !fits)
    fail(where, `input ${input.name}`, `of shape [${expected.join(', ')}] for the declared preprocessing`, input.shape);
};

/**
 * How images go through the file.
 * @throws ArgumentError where the file's inputs and outputs are not the declared ones
 */
export const planFeatures = (where: string, file: FileSignature, declaration: FeatureDeclaration): Planned => {
  const { preprocessing, token } = declaration;
  const input = find(where, 'input', file.inputs, declaration.input);
  if (file.inputs.length > 1)
    fail(
      where,
      'the file',
      'of one input',
      file.inputs.map(({ name }) => name),
    );
  expectInput(where, input, preprocessing);
  const features = find(where, 'output', file.outputs, declaration.features);
  const logits = declaration.logits === undefined ? undefined : find(where, 'output', file.outputs, declaration.logits);
  for (const output of [features, logits])
    if (output && output.type !== 'float32') fail(where, `output ${output.name}`, 'of type float32', output.type);
  const fixed = input.shape[0];
  return {
    plan: {
      preprocessing,
      input: input.name,
      features: features.name,
      ...(logits && { logits: logits.name }),
      ...(token !== undefined && { token }),
      ...(typeof fixed === 'number' && { fixedBatch: fixed }),
    },
    d: lengthOf(features, token),
    classes: logits ? lengthOf(logits) : 0,
  };
};

/** Checks that images of h x w pixels fit an input whose sizes the file fixes. */
export const expectImageSize = (
  where: string,
  { inputs }: FileSignature,
  { preprocessing, input }: FeaturePlan,
  images: { h: number; w: number },
): void => {
  const { shape } = inputs.find(({ name }) => name === input)!;
  const [height, width] = preprocessing.layout === 'NCHW' ? shape.slice(2) : shape.slice(1);
  const { h, w } = inputSize(preprocessing, images);
  const fits = [height, width].every((size, i) => typeof size !== 'number' || size === [h, w][i]);
  if (!fits) fail(where, 'images', `${height} x ${width} pixels, the file's input`, [h, w]);
};
