import { fillArray } from './numpy-values';
import type { PickleMachine } from './pickle-machine';
import { badCall, isNode, kindOf, type PickleValue } from './pickle-values';

/** BUILD: gives an object its attributes, and a NumPy array or element type what its call left open. */
export const buildState = (target: PickleValue, state: PickleValue, machine: PickleMachine): void => {
  if (isNode(target, 'object')) {
    if (target.state !== null) badCall(target.className, 'its attributes once');
    target.state = state;
  } else if (isNode(target, 'array')) {
    if (target.view !== undefined) badCall('numpy.ndarray', 'its content once');
    target.view = fillArray(state, machine);
  } else if (isNode(target, 'dtype')) {
    const order = isNode(state, 'tuple') ? state.items[1] : undefined;
    if (target.dtype && order !== '<' && order !== '|' && order !== '=')
      badCall('numpy.dtype', 'the little-endian byte order only');
  } else if (!['dict', 'opaque', 'tensor'].includes(kindOf(target))) badCall(kindOf(target), 'no attributes');
  // The attributes of a dictionary, such as the `_metadata` of a state dict, are of no use and are left out; so are those
  // of a tensor and of a value that is kept as text.
};
