export type { DataBatch, Dataset, Split } from './dataset';
export { trainingIndices } from './training-indices';
export type { TrainingIndicesOptions } from './training-indices';
export { digits } from './digits';
export type { DigitsOptions } from './digits';
