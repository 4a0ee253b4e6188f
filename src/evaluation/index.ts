export { evaluate } from './evaluate';
export { type EvaluateOptions, type EvaluationProgress, planEvaluation } from './evaluation-plan';
export { featureFolder, type ImageWriter } from './feature-store';
export { imageBytes, featureImages } from './image-bytes';
export { FEATURE_NAMES, loadFeatures, type LoadFeaturesOptions } from './load-features';
export {
  datasetImages,
  decodedImages,
  drawnImages,
  type DrawSamples,
  expectFinite,
  type ImageSource,
  type NumberedImages,
} from './numbered-images';
export { type PlannedResult, plannedResults } from './planned-results';
export { pngWriter } from './png-writer';
export {
  checkRealImages,
  othersOfBlock,
  type RealImages,
  type RealStatistics,
  realStatistics,
  type RealStatisticsOptions,
} from './real-statistics';
export { referenceStatistics, type ReferenceStatisticsOptions } from './reference-statistics';
export { loadResults, type ResultFile, saveResults } from './result-file';
