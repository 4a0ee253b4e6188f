import { availableParallelism, cpus } from 'node:os';
import { selectBackend } from '../compute/backend';
import { chooseCompute } from '../compute/engine-choice';

/**
 * Starts the best backend there is and says what computes here: the engine of runs and samplers with its device, or why
 * it is TensorFlow.js alone, several times slower; and the backend.
 * @example
 * console.log(await machine()); // engine onnx on 2 cores of AMD EPYC, backend wasm
 */
export const machine = async (): Promise<string> => {
  const { name } = await selectBackend();
  const choice = await chooseCompute('auto');
  const processor = `${availableParallelism()} cores of ${cpus()[0].model.trim()}`;
  const on = choice.engine === 'xla' ? `${choice.device.count} × ${choice.device.name}` : processor;
  const why = choice.engine === 'eager' ? `, because ${choice.reason}` : '';
  return `engine ${choice.engine}${why}, on ${on}; backend ${name}`;
};
