import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { ArgumentError, expectKeys, fail, unknownName } from '../compute/check';
import {
  digitFeatures,
  type FeatureDeclaration,
  type FeatureEngineName,
  featuresFile,
  KNOWN_FEATURE_NAMES,
  KNOWN_FEATURES,
  type KnownFeatureName,
  onnxFeatures,
} from '../features';
import type { FeatureExtractor } from '../metrics';
import { CLASSIFIER_FILE, loadClassifier } from '../models';

/** Options of `loadFeatures`. */
export type LoadFeaturesOptions = {
  /** Of a known network, instead of the one in the cache. */
  file?: string;
  /** Of an ONNX network: threads; default: one for each processor while memory lasts. */
  workers?: number;
  /** Of an ONNX network: XLA on an accelerator, ONNX Runtime, or the best that is here; default `auto`. */
  engine?: FeatureEngineName;
};

/** Feature networks by name. */
export const FEATURE_NAMES = [...KNOWN_FEATURE_NAMES, 'digits'] as const;

const isKnown = (name: string): name is KnownFeatureName => (KNOWN_FEATURE_NAMES as readonly string[]).includes(name);

/** The declaration of any ONNX file: what FILE.json says, or that of a known network whose file is called the same. */
const declarationOf = async (file: string): Promise<FeatureDeclaration> => {
  const beside = `${file}.json`;
  if (existsSync(beside)) {
    const text = await readFile(beside, 'utf8');
    try {
      return JSON.parse(text) as FeatureDeclaration;
    } catch (error) {
      return fail('loadFeatures', beside, `JSON (${(error as Error).message})`, text.slice(0, 40));
    }
  }
  const known = Object.values(KNOWN_FEATURES).find(one => one.file === basename(file));
  const example = JSON.stringify(KNOWN_FEATURES.dinov2.declaration);
  if (!known) throw new ArgumentError(`loadFeatures: ${beside} must declare what the network sees, such as ${example}`);
  return known.declaration;
};

/** The digit classifier; its parameters are the shipped ones. */
const loadDigits = async (): Promise<FeatureExtractor> => {
  const sha256 = createHash('sha256')
    .update(await readFile(CLASSIFIER_FILE))
    .digest('hex');
  return digitFeatures(await loadClassifier(), sha256);
};

/**
 * Opens a feature network by name (one of FEATURE_NAMES) or by the path of an ONNX file, which has its declaration as JSON
 * beside it, in FILE.json. Dispose of it after use.
 * @throws ArgumentError for unknown names, options that the network does not use, a known network whose file is not there, with
 * how to get it, and where file and declaration do not fit
 * @example
 * const extractor = await loadFeatures('digits');
 * const { features } = await extractor.extract(bytes);
 * await extractor.dispose();
 */
export const loadFeatures = async (
  nameOrPath: string,
  options: LoadFeaturesOptions = {},
): Promise<FeatureExtractor> => {
  expectKeys('loadFeatures', options, ['file', 'workers', 'engine']);
  const { file: given, ...rest } = options;
  const refuse = (...unused: (keyof LoadFeaturesOptions)[]): void => {
    for (const name of unused)
      if (options[name] !== undefined)
        fail('loadFeatures', name, `absent: '${nameOrPath}' does not use it`, options[name]);
  };
  if (nameOrPath === 'digits') {
    refuse('file', 'workers', 'engine');
    return loadDigits();
  }
  if (isKnown(nameOrPath)) {
    const { file, declaration, title } = KNOWN_FEATURES[nameOrPath];
    const path = given ?? featuresFile(nameOrPath);
    if (!existsSync(path))
      throw new ArgumentError(
        `loadFeatures: ${title} needs the file ${given ?? file}, which is not there: put it at ${path}; ` +
          `\`cosim features fetch ${nameOrPath}\` downloads it or says how it is made`,
      );
    return onnxFeatures(path, declaration, rest);
  }
  if (!nameOrPath.endsWith('.onnx')) throw unknownName('loadFeatures', 'feature network', nameOrPath, FEATURE_NAMES);
  refuse('file');
  if (!existsSync(nameOrPath)) fail('loadFeatures', 'the ONNX file', 'there', nameOrPath);
  return onnxFeatures(nameOrPath, await declarationOf(nameOrPath), rest);
};
