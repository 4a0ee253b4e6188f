export { classification, type ClassificationReport } from './classification';
export { densityCoverage, type DensityCoverage, type DensityCoverageOptions } from './density-coverage';
export { energyDistance } from './energy-distance';
export {
  type Extracted,
  type ExtractOptions,
  type FeatureEngine,
  type FeatureExtractor,
  featureIdentity,
  type FeatureIdentity,
} from './feature-extractor';
export {
  accumulateStatistics,
  featureStatistics,
  type FeatureStatistics,
  mergeStatistics,
  type StatisticsOptions,
} from './feature-statistics';
export { frechet, frechetDistance } from './frechet';
export { inceptionScore, type InceptionScore, type InceptionScoreOptions } from './inception-score';
export { kid, type Kid, kidOnSubsets, type KidOptions, kidUnbiased } from './kid';
export { manifold, type Manifold, type ManifoldOptions } from './manifold';
export type { Measurement } from './measurement';
export { compareResults, type Comparison, expectComparable, metricResult, type MetricResult } from './metric-result';
export { mmd, type Mmd, type MmdOptions } from './mmd';
export { modes, type ModesOptions, type ModesReport } from './modes';
export { NpzError } from './npz';
export type { PairOptions } from './pairwise';
export { precisionRecall, type PrecisionRecall, type PrecisionRecallOptions } from './precision-recall';
export {
  loadStatistics,
  type LoadStatisticsOptions,
  type ReferenceStatistics,
  saveStatistics,
  type Source,
  StatisticsError,
} from './reference-statistics';
export { expectSameFeatures, type WithFeatures } from './same-features';
export {
  type FeatureSet,
  SET_METRICS,
  setMetric,
  type SetMetric,
  type SetMetricName,
  setMetricNames,
  type SetNeed,
} from './set-metrics';
export { slicedWasserstein, slicedWassersteinAlong, type SlicedWassersteinOptions } from './sliced-wasserstein';
export { spread, type Spread } from './spread';
export { wasserstein1d } from './wasserstein-1d';
export { wasserstein } from './wasserstein';
