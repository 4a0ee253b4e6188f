/* Any ONNX file as a feature network: on an accelerator where there is one, else on every processor. */
import { ArgumentError, expectInteger, expectKeys, expectOneOf, fail } from '../compute/check';
import { type EngineChoice, findEngine } from '../compute/engine-choice';
import { noteEngine } from '../compute/engines-used';
import type { Images } from '../compute/host-arrays';
import { readNetwork } from '../compute/onnx';
import type { FeatureEngine, FeatureExtractor } from '../metrics';
import { openOnDevice } from './device-features';
import { extractFeatures, type OpenNetwork } from './extract-features';
import { expectDeclaration, type FeatureDeclaration, type Planned } from './feature-plan';
import type { FeaturePlan, FileSignature } from './feature-worker';
import { preprocessingText } from './preprocessing';
import { openInRuntime } from './runtime-features';

/** What computes an ONNX feature network. */
export const FEATURE_ENGINES = ['auto', 'xla', 'onnx'] as const;
/** XLA on an accelerator, ONNX Runtime on the processor, or the best that is here. */
export type FeatureEngineName = (typeof FEATURE_ENGINES)[number];

/** Options of `onnxFeatures`. */
export type OnnxFeaturesOptions = {
  /** Threads of ONNX Runtime, each with the network in memory; default: one for each processor while memory lasts. */
  workers?: number;
  /**
   * Default `auto`: XLA where an accelerator is found and the file holds nothing that is unknown there, else ONNX Runtime;
   * the environment variable COSIM_ENGINE decides for it. Vectors agree up to rounding.
   */
  engine?: FeatureEngineName;
};

const WHERE = 'onnxFeatures';
const LARGEST_SIDE = 4096; // pixels of an input that the file fixes
const LARGEST_BATCH = 1024; // images that the file insists on

/** A black image that the network takes: tells the lengths of its vectors, and that it runs. */
const blank = ({ inputs }: FileSignature, plan: FeaturePlan): Images => {
  const { preprocessing } = plan;
  const shape = inputs[0].shape.length === 4 ? inputs[0].shape : ['', '', '', ''];
  const [height, width] = preprocessing.layout === 'NCHW' ? shape.slice(2) : shape.slice(1);
  const open = preprocessing.crop ?? 32; // pixels, where neither file nor declaration fixes them
  const [h, w] = [height, width].map(size => (typeof size === 'number' ? size : open));
  const c = preprocessing.channels === 'grey' ? 1 : 3;
  if (Math.max(h, w) > LARGEST_SIDE || (plan.fixedBatch ?? 1) > LARGEST_BATCH)
    fail(
      WHERE,
      'file',
      `for at most ${LARGEST_BATCH} images of ${LARGEST_SIDE} pixels a side at once`,
      inputs[0].shape,
    );
  return { data: new Uint8Array(h * w * c), n: 1, h, w, c };
};

const expectLength = (what: string, found: number, declared?: number): void => {
  if (declared !== undefined && declared !== found) fail(WHERE, what, `${declared}, as declared`, found);
};

type Opened = { planned: Planned; network: OpenNetwork; engine: FeatureEngine };
type Given = { file: string; bytes: Uint8Array; sha256: string; declaration: FeatureDeclaration };

/** The extractor of a network that is open; one image goes through it first. */
const extractorOf = async ({ declaration, sha256 }: Given, opened: Opened): Promise<FeatureExtractor> => {
  const { planned, network, engine } = opened;
  const { plan, d, classes } = planned;
  try {
    const lengths = await network.lengthsOf(blank(network.signature, plan));
    expectLength('the length of a feature vector', d ?? lengths.d, declaration.d);
    expectLength('the number of classes', classes ?? lengths.classes, declaration.classes);
    const preprocessing = `${preprocessingText(declaration.preprocessing)}, output ${plan.features}`;
    const token = plan.token === undefined ? '' : ` token ${plan.token}`;
    return {
      name: declaration.name,
      ...lengths,
      sha256,
      preprocessing: preprocessing + token,
      engine,
      extract: (images, options) => extractFeatures(network, lengths, images, options),
      dispose: network.dispose,
    };
  } catch (error) {
    await network.dispose();
    throw error;
  }
};

const inRuntime = async (given: Given, workers: number | undefined, reason?: string): Promise<FeatureExtractor> => {
  const { file, bytes, declaration } = given;
  const opened = await openInRuntime(WHERE, file, bytes, declaration, workers);
  noteEngine('onnx');
  return extractorOf(given, { ...opened, engine: { name: 'onnx', ...(reason !== undefined && { reason }) } });
};

const onDevice = async (given: Given, choice: EngineChoice & { engine: 'xla' }): Promise<FeatureExtractor> => {
  const { device, reason } = choice;
  const opened = await openOnDevice(WHERE, device, given.bytes, given.declaration);
  const extractor = await extractorOf(given, { ...opened, engine: { name: 'xla', device: device.name, reason } });
  noteEngine(`xla on ${device.name}`);
  return extractor;
};

/**
 * Opens an ONNX file as a feature network. Images are resized and laid out as declared and computed in batches, off the
 * thread that asks; grey images are repeated for networks of colour ones. What comes out is the same for every batch size,
 * number of threads and engine, up to the rounding of matrix products. Dispose of it after use.
 * @throws ArgumentError where onnxruntime-node is missing, the file is damaged, of another hash, or not as declared;
 * DeviceError or OnnxOperatorError where `xla` is asked for and cannot be had; Node's error for a missing file
 */
export const onnxFeatures = async (
  file: string,
  declaration: FeatureDeclaration,
  options: OnnxFeaturesOptions = {},
): Promise<FeatureExtractor> => {
  expectDeclaration(WHERE, declaration);
  expectKeys(WHERE, options, ['workers', 'engine']);
  const { workers, engine = 'auto' } = options;
  if (workers !== undefined) expectInteger(WHERE, 'workers', workers, { min: 1, max: 256 });
  expectOneOf(WHERE, 'engine', engine, FEATURE_ENGINES);
  const { bytes, sha256 } = await readNetwork(file, { where: WHERE, name: 'file' });
  if (declaration.sha256 !== undefined && declaration.sha256 !== sha256)
    fail(WHERE, `the SHA-256 of ${file}`, declaration.sha256, sha256);
  const given = { file, bytes, sha256, declaration };
  const choice = engine === 'onnx' ? undefined : await findEngine(engine);
  if (choice?.engine !== 'xla') return inRuntime(given, workers);
  if (engine === 'xla') return onDevice(given, choice);
  try {
    return await onDevice(given, choice);
  } catch (error) {
    if (error instanceof ArgumentError) throw error; // not as declared: nor would it be elsewhere
    return inRuntime(given, workers, `not on ${choice.device.name}: ${(error as Error).message}`);
  }
};
