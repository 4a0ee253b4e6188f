/**
 * The losses as mathematics: tensors in, tensors out.
 *
 * @module
 */
export {
  denoisingLoss,
  type Divergence,
  type DivergenceName,
  divergenceOf,
  DIVERGENCES,
  edmWeight,
  generalPhiLoss,
  generalPsiLoss,
  inverseVarianceLoss,
  momentLoss,
  phiLoss,
  psiLoss,
  regularisation,
  uncertaintyLoss,
  type LossInputs,
} from '../losses';
