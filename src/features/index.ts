export { classify, digitClassifier, type DigitClassifier } from './digit-classifier';
export { digitFeatures } from './digit-features';
export type { FeatureDeclaration } from './feature-plan';
export {
  featuresFile,
  featuresFolder,
  KNOWN_FEATURE_NAMES,
  KNOWN_FEATURES,
  type KnownFeatureName,
  type KnownFeatures,
} from './known-features';
export { FEATURE_ENGINES, type FeatureEngineName, onnxFeatures, type OnnxFeaturesOptions } from './onnx-features';
export { pixelFeatures } from './pixel-features';
export { FEATURE_KERNELS, type FeatureKernel, type Preprocessing, preprocessingText } from './preprocessing';
