export { cosim, COSIM_DEFAULTS, type CosimOptions, phiLoss, psiLoss, regularisation } from './cosim';
export {
  denoising,
  DENOISING_DEFAULTS,
  denoisingLoss,
  type DenoisingOptions,
  inverseVarianceLoss,
  LEVEL_DRAWS,
  type LevelDraw,
  uncertaintyLoss,
} from './denoising';
export {
  type Divergence,
  type DivergenceName,
  divergenceOf,
  DIVERGENCES,
  generalPhiLoss,
  generalPsiLoss,
} from './divergence';
export { hsivi, HSIVI_DEFAULTS, type HsiviOptions } from './hsivi';
export { MOMENT_MATCHING_DEFAULTS, momentLoss, momentMatching, type MomentMatchingOptions } from './moment-matching';
export { sid, SID_DEFAULTS, type SidOptions } from './sid';
export { edmWeight } from './weights';
