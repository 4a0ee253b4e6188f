/**
 * The names that most programs and notebooks need. Everything else is behind the sub-paths `cosim/losses`, `/methods`,
 * `/networks`, `/samplers`, `/metrics`, `/datasets`, `/checkpoints`, `/figures`, `/studies` and `/notebook`, which also
 * export every type that a signature here names.
 * @module cosim
 */
// The machine
export { selectBackend } from './compute';
// Models and data
export { loadModel, loadTeacher } from './models';
export { type Model, saveModel } from './networks';
export { type Dataset, digits, openDataset, points } from './datasets';
// Training, Algorithm 2
export { distill, type IterationReport, pretrain, Run } from './training';
export { cosim, denoising, hsivi, momentMatching, sid } from './methods';
export { phiLoss, psiLoss, regularisation } from './losses';
// Sampling, Algorithm 1, and the generator elsewhere than here
export { denoise } from './networks';
export { exportOnnx, sampleAncestral, sampleHeun, sampleMultistep, searchTimes } from './samplers';
// Measuring
export { evaluate, loadFeatures } from './evaluation';
// Looking
export { imageGrid, renderChart, saveFigure, table } from './figures';
export { doctor, interruptible, liveRun, machine, params, presetRows, progress, show, withProgress } from './notebook';
// The tasks of the notebooks, and an ablation of your own
export { ablate } from './studies';
export { imageTask, pointsTask } from './tasks';
