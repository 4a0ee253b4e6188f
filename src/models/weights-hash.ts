import { createHash } from 'node:crypto';
import type { Tensors } from '../networks';

/** SHA-256 of parameters, names and values in their order: the same wherever they come from. */
export const sha256OfWeights = async (parameters: Tensors): Promise<string> => {
  const hash = createHash('sha256');
  for (const [name, tensor] of Object.entries(parameters)) hash.update(name).update(await tensor.data<'float32'>());
  return hash.digest('hex');
};
