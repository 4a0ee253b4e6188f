export {
  AUTOENCODER_FILES,
  type AutoencoderCard,
  autoencoderOnBackend,
  latentDigits,
  loadAutoencoder,
  saveAutoencoder,
  shippedAutoencoder,
} from './autoencoder';
export {
  CLASSIFIER,
  CLASSIFIER_ADAM,
  CLASSIFIER_FILE,
  classifierStep,
  type ClassifierTraining,
  evaluateClassifier,
  loadClassifier,
  trainClassifier,
} from './classifier';
export { type Generator, loadGenerator } from './load-generator';
export { denoiserOfCheckpoint, type LoadedNetwork, loadNetwork, type ReferenceOptions } from './load-network';
export { TEACHER_FOLDER } from './teacher-folder';
export { loadTeacher, TEACHER_NAMES, teacherFile, type TeacherName, type TeacherPreset, TEACHERS } from './teachers';
export {
  AUTOENCODER,
  AUTOENCODER_ADAM,
  autoencoderStep,
  type AutoencoderTraining,
  trainAutoencoder,
} from './train-autoencoder';
export { sha256OfWeights } from './weights-hash';
