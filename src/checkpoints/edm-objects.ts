import type { PickleRule } from './pickle-machine';
import { badCall, isNode, type ObjectNode, type PickleValue } from './pickle-values';

/**
 * EDM's persistent objects: a dictionary with the class's name, the source text of its module, and the attributes. The
 * text is what EDM would run to have the class; here it is dropped unread.
 */
const reconstruct: PickleRule = {
  call: ([meta]) => {
    const entries = isNode(meta, 'dict') ? meta.entries : undefined;
    const className = entries?.get('class_name');
    if (entries?.get('type') !== 'class' || typeof className !== 'string')
      return badCall('torch_utils.persistence._reconstruct_persistent_obj', "a dictionary of type 'class'");
    return { kind: 'object', className, state: entries.get('state') ?? null };
  },
};

export const EDM_RULES: Readonly<Record<string, PickleRule>> = {
  'torch_utils.persistence._reconstruct_persistent_obj': reconstruct,
};

/** An attribute of an object; undefined if it has none of that name. */
export const attribute = ({ state }: ObjectNode, name: string): PickleValue | undefined =>
  isNode(state, 'dict') ? state.entries.get(name) : undefined;

/** True for a PyTorch module: it has parameters, buffers and modules of its own. */
export const isModule = (node: ObjectNode): boolean =>
  ['_parameters', '_buffers', '_modules'].every(name => isNode(attribute(node, name), 'dict'));
