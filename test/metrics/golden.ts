import type { Points } from '../../src/compute/host-arrays';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSafetensors } from '../../src/checkpoints';

const folder = join(__dirname, '..', 'golden', 'metrics');

export const goldenNumbers = <T>(name: string): T =>
  JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as T;

/** The sets of points [n, d] of a golden file, by name. */
export const goldenPoints = (name: string): ((tensor: string) => Points) => {
  const { tensors } = parseSafetensors(readFileSync(join(folder, `${name}.safetensors`)));
  return tensor => {
    const { shape, data } = tensors[tensor];
    return { data: data as Float32Array, n: shape[0], d: shape[1] };
  };
};
