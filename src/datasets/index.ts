export { dataCache } from './cache';
export { DatasetError } from './dataset-error';
export {
  type DataBatch,
  type Dataset,
  indexRange,
  networkUnits,
  readSamples,
  type Split,
  splits,
  toBytes,
} from './dataset';
export { blurred, noisy } from './distortions';
export { digits, type DigitsOptions } from './drawn/digits';
export { mixtures } from './drawn/mixtures';
export { type MixtureName, points, type PointsName, pointsNames, type PointsOptions } from './drawn/points';
export {
  type Autoencoder,
  autoencoderOf,
  type AutoencoderUnits,
  IMAGE_RANGES,
  type ImageRange,
} from './formats/autoencoder';
export { cifar10, type Cifar10Options } from './formats/cifar10';
export type { LabelMode, ClassLabels, FolderLabels } from './formats/class-labels';
export { download, DownloadError, type DownloadProgress } from './formats/download';
export { edmZip, type EdmZipOptions } from './formats/edm-zip';
export { encoded } from './formats/encoded';
export { fetchDataset, type FetchOptions } from './formats/fetch-dataset';
export { fashionMnist, type IdxOptions, mnist } from './formats/idx';
export { imageFolder, type ImageFolderOptions, listPictures, type PictureFiles } from './formats/image-folder';
export { latents, type LatentsOptions } from './formats/latents';
export { ONNX_LAYOUTS, onnxAutoencoder, type OnnxAutoencoderOptions } from './formats/onnx-autoencoder';
export { type PackOptions, packPictures } from './formats/pack';
export { PUBLISHED, type PublishedDataset, type PublishedFile } from './formats/published';
export { sha256OfFiles } from './formats/records';
export {
  DATASET_NAMES,
  fetchedFolder,
  type FetchedName,
  openDataset,
  type OpenDatasetOptions,
  openOtherSplit,
} from './open-dataset';
export { CROP_TRANSFORMS, cropTo, type CropTransform } from './pictures/centre-crop';
export { picturesOfDataset, picturesOfFiles, picturesOfZip, type PictureSource } from './pictures/picture-source';
export { resizeTensorflow1 } from './pictures/resize-tensorflow';
export { expectByteImages, resize, RESIZE_KERNELS, type ResizeKernel } from './pictures/resize';
export { ofClasses, subset } from './subset';
export { type DatasetSummary, summariseDataset, type SummaryOptions } from './summary';
export { trainingIndices, type TrainingIndicesOptions } from './training-indices';
export { downsampled, mirrored, padded, resized } from './transforms';
export type { Picture, PictureOptions } from './pictures/picture';
