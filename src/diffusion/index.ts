export {
  factorise,
  type Mixture,
  mixtureAt,
  mixtureDenoise,
  type MixtureFactors,
  mixtureSample,
  mixtureTensors,
  type PointValues,
} from './gaussian-mixture';
export { logNormalLevel, veLevel, vpLevel } from './noise-levels';
export { denoisedFromScore, diffuse, EDM, perSample, posterior, type Process, scoreFromDenoised, VP } from './process';
export {
  decreasingTimes,
  EDM_RANGE,
  jumpTimes,
  karrasTimes,
  levelOf,
  noiseRange,
  type NoiseRange,
  SAMPLING_TIMES,
  type SamplingTimes,
  sigmaAt,
  timesOfSteps,
} from './schedule';
export { JUMP_SETS, type JumpSet, TIME_PAIR_UNIFORMS, type TimePairOptions, timePairs } from './time-pairs';
