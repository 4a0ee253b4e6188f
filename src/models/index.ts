export {
  AUTOENCODER_FILES,
  autoencoderOnBackend,
  latentDigits,
  loadAutoencoder,
  saveAutoencoder,
  shippedAutoencoder,
} from './autoencoder';
export { CLASSIFIER_FILE, loadClassifier } from './classifier';
export { type Generator, loadGenerator } from './load-generator';
export { denoiserOfCheckpoint, type LoadedNetwork, loadNetwork, type ReferenceOptions } from './load-network';
export { loadTeacher, TEACHER_NAMES, teacherFile, type TeacherName, type TeacherPreset, TEACHERS } from './teachers';
export { AUTOENCODER, AUTOENCODER_ADAM, trainAutoencoder } from './train-autoencoder';
export { sha256OfWeights } from './weights-hash';
