import type { Images, Points } from '../compute/host-arrays';

/** What a feature network makes of n images. */
export type Extracted = {
  /** [n, d]. */
  features: Points;
  /** [n, classes], where the network has a classifier. */
  logits?: Points;
};

/** What makes features comparable: kept with every statistic and result made of them. */
export type FeatureIdentity = {
  /** 'FD-MobileNet'. */
  name: string;
  /** Length of a feature vector. */
  d: number;
  /** SHA-256 of the weights' file, hexadecimal. */
  sha256: string;
  /** One canonical line: resize kernel, size, crop, normalisation, layout. */
  preprocessing: string;
};

/** Options of an extraction. */
export type ExtractOptions = {
  /** Images at a time: memory, never results. */
  batch?: number;
  /** Stops between batches by throwing the signal's reason. */
  signal?: AbortSignal;
  onImages?: (done: number, total: number) => void;
};

/** What computes a feature network. */
export type FeatureEngine = {
  name: 'xla' | 'onnx';
  /** Of XLA, as its maker calls it. */
  device?: string;
  /** Why it is this one, where that is worth saying. */
  reason?: string;
};

/** A network that turns images into the vectors on which distances are taken. */
export type FeatureExtractor = FeatureIdentity & {
  /** Classes that the logits name; 0: no logits. */
  classes: number;
  /** Absent for networks of this project's own, which compute on the TensorFlow.js backend. */
  engine?: FeatureEngine;
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
