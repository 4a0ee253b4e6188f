import { CheckpointError } from './checkpoint-error';
import { attribute, isModule } from './edm-objects';
import { isNode, kindOf, type ObjectNode, type PickleValue } from './pickle-values';
import { plainValue } from './plain-values';
import type { TensorView } from './tensor-view';
import { TreeWalk } from './tree-walk';

/** A network in a file: where it lies, its class in the reference and what it was made with. */
export type CheckpointPart = { name: string; className: string; initKwargs: Record<string, unknown> };

/** What a file holds, tensors unread. */
export type CheckpointContent = {
  /** By path: keys and indices joined by dots. */
  views: Map<string, TensorView>;
  parts: CheckpointPart[];
  /** The rest as plain values, see plainValue. */
  values: unknown;
};

const joined = (path: string, key: PickleValue): string => {
  const text = typeof key === 'object' ? kindOf(key) : String(key);
  return path === '' ? text : `${path}.${text}`;
};

class Collector {
  readonly views = new Map<string, TensorView>();
  readonly parts: CheckpointPart[] = [];
  private readonly walk = new TreeWalk();

  private add(name: string, view: TensorView): void {
    if (this.views.has(name)) throw new CheckpointError('duplicate-key', `two tensors are called '${name}'`);
    this.views.set(name, view);
  }

  /** Parameters and buffers of a module and of those in it, as in its state dict. */
  private collectModule(node: ObjectNode, path: string): void {
    this.walk.enter(() => {
      const transient = attribute(node, '_non_persistent_buffers_set');
      for (const kind of ['_parameters', '_buffers', '_modules']) {
        const members = attribute(node, kind);
        if (!isNode(members, 'dict')) continue;
        for (const [key, member] of members.entries) {
          const skipped = kind === '_buffers' && isNode(transient, 'set') && transient.items.includes(key);
          if (member === null || skipped) continue;
          if (isNode(member, 'tensor')) this.add(joined(path, key), member.view);
          else if (isNode(member, 'object')) this.collectModule(member, joined(path, key));
          else throw new CheckpointError('pickle-call', `'${joined(path, key)}' of a module is ${kindOf(member)}`);
        }
      }
    });
  }

  private collectObject(node: ObjectNode, path: string): void {
    if (!isModule(node)) return;
    const before = this.views.size;
    this.collectModule(node, path);
    if (this.views.size === before) return;
    const kwargs = plainValue(attribute(node, '_init_kwargs') ?? null) as Record<string, unknown> | null;
    this.parts.push({ name: path, className: node.className, initKwargs: kwargs ?? {} });
  }

  collect(value: PickleValue, path: string): void {
    this.walk.enter(() => {
      if (isNode(value, 'tensor')) this.add(path || 'tensor', value.view);
      else if (isNode(value, 'array') && value.view) this.add(path || 'array', value.view);
      else if (isNode(value, 'dict'))
        for (const [key, member] of value.entries) this.collect(member, joined(path, key));
      else if (isNode(value, 'list') || isNode(value, 'tuple'))
        value.items.forEach((item, i) => this.collect(item, joined(path, i)));
      else if (isNode(value, 'object')) this.collectObject(value, path);
    });
  }
}

/**
 * Tensors, networks and plain values of an unpickled object.
 * @throws CheckpointError 'limit-nodes' or 'limit-depth' for a tree that is larger than its file lets expect,
 * 'duplicate-key' for two tensors of one name.
 */
export const contentOf = (value: PickleValue): CheckpointContent => {
  const collector = new Collector();
  collector.collect(value, '');
  return { views: collector.views, parts: collector.parts, values: plainValue(value) };
};
