import { EDM_RULES } from './edm-objects';
import { NUMPY_RULES } from './numpy-values';
import type { PickleRule, PickleRules } from './pickle-machine';
import { badCall, isNode } from './pickle-values';
import { PYTHON_RULES } from './python-values';
import { SIDE_RULES } from './side-values';
import { readLegacyContainer } from './torch-legacy';
import { TORCH_RULES } from './torch-values';

const TENSOR_RULES = { ...PYTHON_RULES, ...NUMPY_RULES, ...TORCH_RULES };

const CONTAINER = 100; // opcodes that opening a container counts for: the same bytes may be referred to again and again

/** A storage inside a pickle: the bytes are a legacy container, which may name what tensors need and nothing else. */
const loadFromBytes: PickleRule = {
  call: ([bytes], machine) => {
    if (!isNode(bytes, 'bytes')) return badCall('torch.storage._load_from_bytes', 'bytes');
    machine.charge(CONTAINER);
    return readLegacyContainer(bytes.range, { globals: TENSOR_RULES }, machine.budget);
  },
};

/** Every function and class that a checkpoint may name. */
export const CHECKPOINT_RULES: PickleRules = {
  globals: { ...TENSOR_RULES, ...SIDE_RULES, ...EDM_RULES, 'torch.storage._load_from_bytes': loadFromBytes },
};
