export {
  AUTOENCODER_FILES,
  autoencoderOnBackend,
  latentDigits,
  loadAutoencoder,
  saveAutoencoder,
  shippedAutoencoder,
} from './autoencoder';
export { CLASSIFIER_FILE, loadClassifier } from './classifier';
export { GENERATOR_NAMES, generatorFile, type GeneratorName, GENERATORS } from './generators';
export { loadGenerator } from './load-generator';
export { loadModel, loadTeacher, modelFile, type SampledModel } from './load-model';
export { denoiserOfCheckpoint, type LoadedNetwork, loadNetwork, type ReferenceOptions } from './load-network';
export { TEACHER_NAMES, teacherFile, type TeacherName, type TeacherPreset, TEACHERS } from './teachers';
export { AUTOENCODER, AUTOENCODER_ADAM, trainAutoencoder } from './train-autoencoder';
export { sha256OfWeights } from './weights-hash';
