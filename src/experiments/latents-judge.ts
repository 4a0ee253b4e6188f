/* What latents are worth: decoded, and compared with real ones in the features of a network. */
import { expectInteger, fail, withDefaults } from '../compute/check';
import { type Autoencoder, type Dataset, encoded, digits, type HostSamples, indexRange, networkUnits } from '../datasets';
import {
  classification,
  type FeatureExtractor,
  type FeatureStatistics,
  featureStatistics,
  frechetDistance,
  type Points,
} from '../metrics';
import { judgedImages } from './judged-images';
import { blockSeeds, type Draw, floorCache, type TaskResult } from './task';

export type LatentsJudgeOptions = {
  reference?: number; // real samples that drawn ones are compared with, default 4000
  chunk?: number; // samples drawn and decoded at a time: memory, never results; default 1000
};

/** Draws latents, decodes them and measures the images. */
export type LatentsJudge = {
  metric: string; // axis title
  identity: Record<string, string | number>;
  /** Images [n, H, W, C] of latents. */
  decode: (latents: HostSamples) => Promise<HostSamples>;
  measure: (draw: Draw, options: { n: number; block: number }) => Promise<TaskResult>;
};

/** Features behind one another. */
const collect = async (
  n: number,
  chunk: number,
  make: (first: number, count: number) => Promise<{ features: Points; logits?: Points }>,
): Promise<{ features: Points; logits?: Points }> => {
  const parts: { features: Points; logits?: Points }[] = [];
  for (let first = 0; first < n; first += chunk) parts.push(await make(first, Math.min(chunk, n - first)));
  const joined = (points: Points[]): Points => {
    const { d } = points[0];
    const data = new Float32Array(n * d);
    let at = 0;
    for (const part of points) {
      data.set(part.data, at);
      at += part.data.length;
    }
    return { data, n, d };
  };
  const logits = parts.flatMap(part => part.logits ?? []);
  return {
    features: joined(parts.map(part => part.features)),
    ...(logits.length === parts.length ? { logits: joined(logits) } : {}),
  };
};
