import { shapeSize } from '../compute/host-arrays';
import { isModule } from './edm-objects';
import { isNode, type ObjectNode, type PickleValue } from './pickle-values';
import { readViewSync } from './tensor-view';
import { TreeWalk } from './tree-walk';

const LARGEST_ARRAY = 4096; // elements of a NumPy array that are worth writing out

const record = (entries: Iterable<readonly [string, unknown]>): Record<string, unknown> => {
  const made = Object.create(null) as Record<string, unknown>; // no prototype: any key is safe, '__proto__' included
  for (const [key, value] of entries) if (value !== undefined) made[key] = value;
  return made;
};

const numbersOf = (node: Extract<PickleValue, { kind: 'array' }>): unknown => {
  if (!node.view || shapeSize(node.view.shape) > LARGEST_ARRAY || node.view.dtype.includes('F16')) return undefined;
  return Array.from(readViewSync(node.view).data as ArrayLike<number | bigint>, Number);
};

/** Public attributes of an object; of a module, which has many, what it was made with. */
const attributesOf = (node: ObjectNode): [string, PickleValue][] => {
  if (!isNode(node.state, 'dict')) return [];
  const entries = [...node.state.entries].filter(
    (entry): entry is [string, PickleValue] => typeof entry[0] === 'string',
  );
  return isModule(node)
    ? entries.filter(([name]) => name === '_init_kwargs').map(([, value]) => ['init_kwargs', value])
    : entries.filter(([name]) => !name.startsWith('_'));
};

const convert = (value: PickleValue, walk: TreeWalk): unknown =>
  walk.enter(() => {
    if (typeof value === 'bigint') return String(value);
    if (typeof value !== 'object' || value === null) return value;
    const each = (items: readonly PickleValue[]): unknown[] =>
      items.map(item => convert(item, walk)).filter(item => item !== undefined);
    switch (value.kind) {
      case 'list':
      case 'tuple':
      case 'set': {
        const items = each(value.items);
        return items.length === 0 && value.items.length > 0 ? undefined : items;
      }
      case 'dict': {
        const made = record(
          [...value.entries].map(([key, item]) => [
            typeof key === 'object' ? JSON.stringify(convert(key, walk) ?? null) : String(key),
            convert(item, walk),
          ]),
        );
        return Object.keys(made).length === 0 && value.entries.size > 0 ? undefined : made;
      }
      case 'object': {
        const attributes = attributesOf(value).map(([name, item]) => [name, convert(item, walk)] as const);
        return record([['class_name', value.className], ...attributes]);
      }
      case 'array':
        return numbersOf(value);
      case 'global':
        return value.name;
      case 'bytes':
      case 'storage':
      case 'tensor':
      case 'dtype':
        return undefined;
    }
  });

/**
 * A pickle's value as JSON has it: records without a prototype, lists, texts, numbers (integers beyond 2^53 as text).
 * Tensors, bytes and what holds nothing else are left out (undefined).
 * @throws CheckpointError 'limit-nodes' or 'limit-depth'.
 */
export const plainValue = (value: PickleValue): unknown => convert(value, new TreeWalk());
