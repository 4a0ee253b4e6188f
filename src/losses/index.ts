export { phiLoss, psiLoss, regularisation } from './cosim';
export { denoisingLoss, inverseVarianceLoss, uncertaintyLoss } from './denoising';
export {
  type Divergence,
  type DivergenceName,
  divergenceOf,
  DIVERGENCES,
  generalPhiLoss,
  generalPsiLoss,
} from './divergence';
export type { LossInputs } from './loss-inputs';
export { momentLoss } from './moment-matching';
export { edmWeight } from './weights';
