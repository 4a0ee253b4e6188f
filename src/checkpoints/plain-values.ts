import { shapeSize } from '../compute/host-arrays';
import { isModule } from './edm-objects';
import { isNode, type ObjectNode, type PickleValue } from './pickle-values';
import { bytesRead, readViewSync } from './tensor-view';
import { TreeWalk } from './tree-walk';

const LARGEST_ARRAY = 4096; // elements of a NumPy array that are worth writing out

const record = (entries: Iterable<readonly [string, unknown]>): Record<string, unknown> => {
  const made = Object.create(null) as Record<string, unknown>; // no prototype: any key is safe, '__proto__' included
  for (const [key, value] of entries) if (value !== undefined) made[key] = value;
  return made;
};

const numbersOf = ({ view }: Extract<PickleValue, { kind: 'array' }>, walk: TreeWalk): unknown => {
  if (!view || shapeSize(view.shape) > LARGEST_ARRAY || view.dtype.includes('F16')) return undefined;
  walk.chargeBytes(bytesRead(view) + 8 * shapeSize(view.shape));
  return Array.from(readViewSync(view).data as ArrayLike<number | bigint>, Number);
};

/** Public attributes of an object; of a module, which has many, what it was made with. */
const attributesOf = (node: ObjectNode, walk: TreeWalk): [string, PickleValue][] => {
  if (!isNode(node.state, 'dict')) return [];
  walk.charge(node.state.entries.size);
  const entries = [...node.state.entries].filter(
    (entry): entry is [string, PickleValue] => typeof entry[0] === 'string',
  );
  return isModule(node)
    ? entries.flatMap(([name, value]) => (/^_init_(kw)?args$/.test(name) ? [[name.slice(1), value]] : []))
    : entries.filter(([name]) => !name.startsWith('_'));
};

const convert = (value: PickleValue, walk: TreeWalk): unknown =>
  walk.enter(() => {
    if (typeof value === 'string') walk.chargeBytes(value.length);
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
          [...value.entries].map(([key, item]) => {
            const name = typeof key === 'object' ? JSON.stringify(convert(key, walk) ?? null) : String(key);
            walk.chargeBytes(name.length);
            return [name, convert(item, walk)];
          }),
        );
        return Object.keys(made).length === 0 && value.entries.size > 0 ? undefined : made;
      }
      case 'object': {
        const attributes = attributesOf(value, walk).map(([name, item]) => {
          walk.chargeBytes(name.length);
          return [name, convert(item, walk)] as const;
        });
        return record([['class_name', value.className], ...attributes]);
      }
      case 'array':
        return numbersOf(value, walk);
      case 'global':
        return value.name;
      case 'opaque':
        walk.chargeBytes(value.text.length);
        return value.text;
      case 'bytes':
      case 'storage':
      case 'tensor':
      case 'unread':
      case 'dtype':
        return undefined;
    }
  });

/**
 * A pickle's value as JSON has it: records without a prototype, lists, texts, numbers (integers beyond 2^53 as text).
 * Tensors, bytes and what holds nothing else are left out (undefined).
 * @throws CheckpointError 'limit-nodes', 'limit-depth' or 'limit-expansion'.
 */
export const plainValue = (value: PickleValue): unknown => convert(value, new TreeWalk());
