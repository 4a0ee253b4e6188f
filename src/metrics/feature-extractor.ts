import type { Points } from './measurement';

/** Images as metrics see them: bytes, the way they would be stored. */
export type Images = {
  data: Uint8Array; // [n, h, w, c], 0 to 255
  n: number;
  h: number;
  w: number;
  c: number; // 1: grey, 3: RGB
};

/** What a feature network makes of n images. */
export type Extracted = {
  features: Points; // [n, d]
  logits?: Points; // [n, classes], where the network has a classifier
};

/** What makes features comparable: kept with every statistic and result made of them. */
export type FeatureIdentity = {
  name: string; // 'FD-MobileNet'
  d: number; // length of a feature vector
  sha256: string; // of the weights' file
  preprocessing: string; // one canonical line: resize kernel, size, crop, normalisation, layout
};

export type ExtractOptions = {
  batch?: number; // images at a time: memory, never results
  signal?: AbortSignal; // stops between batches by throwing the signal's reason
  onImages?: (done: number, total: number) => void;
};

/** A network that turns images into the vectors on which distances are taken. */
export type FeatureExtractor = FeatureIdentity & {
  classes: number; // of the logits, 0: none
  extract: (images: Images, options?: ExtractOptions) => Promise<Extracted>;
  dispose: () => Promise<void>;
};

/** The identity alone, as JSON keeps it. */
export const featureIdentity = ({ name, d, sha256, preprocessing }: FeatureIdentity): FeatureIdentity => ({
  name,
  d,
  sha256,
  preprocessing,
});
