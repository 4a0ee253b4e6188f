export { adm, ADM_DEFAULTS, type AdmConfig } from './adm';
export {
  auxiliaryOf,
  auxiliaryParameters,
  freshParameters,
  SECOND_TIME_STARTS,
  type SecondTimeStart,
} from './auxiliary';
export { withEngine } from './compiled-denoiser';
export { settled } from './suspended';
export { ddpmpp, DDPMPP_DEFAULTS, type DdpmppConfig } from './ddpmpp';
export { denoise } from './denoise-once';
export {
  type Denoiser,
  type DenoiserInput,
  edmCoefficients,
  edmDenoiser,
  mixtureDenoiser,
  preconditioned,
} from './denoiser';
export { digitAutoencoder } from './digit-autoencoder';
export { edm2, EDM2_DEFAULTS, type Edm2Config } from './edm2';
export { conv, convSpec, linear, linearSpec, silu } from './layers';
export { mlp, MLP_DEFAULTS, type MlpConfig } from './mlp';
export { type Model, MODEL_FORMAT, saveModel } from './model';
export { ncsnpp, NCSNPP_DEFAULTS } from './ncsnpp';
export type { Network, NetworkInput } from './network';
export {
  type Init,
  initialParameters,
  matchParameters,
  parameterCount,
  type ParameterSpec,
  type Tensors,
} from './parameters';
export { type Preconditioning, PRECONDITIONINGS } from './preconditioning';
export { PUBLISHED_NAMES, publishedDenoiser, type PublishedName } from './published';
export { denoiserFromReference } from './reference';
export { denoiserFromConfig } from './registry';
export { resample, type Filter } from './resample';
export type { SongUnetConfig } from './song-unet';
export type { Conditioning } from './time-embedding';
export type { UnetSizes } from './unet-plan';
