import { CheckpointError } from './checkpoint-error';
import { attribute, isModule } from './edm-objects';
import { isNode, kindOf, type ObjectNode, type PickleValue } from './pickle-values';
import { plainValue } from './plain-values';
import type { TensorView } from './tensor-view';
import { TreeWalk } from './tree-walk';

/** A network in a file: where it lies, its class in the reference and what it was made with. */
export type CheckpointPart = {
  /** Path in the file, '' for a file of one network. */
  name: string;
  /** The class in the reference, such as 'EDMPrecond'. */
  className: string;
  /** Its keyword arguments. */
  initKwargs: Record<string, unknown>;
  /** Its positional arguments, where it was made with some. */
  initArgs?: unknown[];
};

/** A tensor of an element type or layout that is listed but not read: complex, sparse, quantised, 8-bit floats. */
export type UnreadTensor = { dtype: string; shape: number[] };

/** What a file holds, tensors unread. */
export type CheckpointContent = {
  /** By path: keys and indices joined by dots. */
  views: Map<string, TensorView>;
  /** Tensors that can be listed but not read, by path. */
  unread: Map<string, UnreadTensor>;
  parts: CheckpointPart[];
  /** The rest as plain values, see plainValue. */
  values: unknown;
};

const USUAL_PATH = 256; // characters

class Collector {
  readonly views = new Map<string, TensorView>();
  readonly unread = new Map<string, UnreadTensor>();
  readonly parts: CheckpointPart[] = [];
  private readonly walk = new TreeWalk();

  private joined(path: string, key: PickleValue): string {
    const text = typeof key === 'object' ? kindOf(key) : String(key);
    // A long key that is referred to often would fill the memory with paths; usual ones are counted as values.
    this.walk.chargeBytes(Math.max(0, path.length + text.length - USUAL_PATH));
    return path === '' ? text : `${path}.${text}`;
  }

  private add(name: string, value: PickleValue): boolean {
    const [view, unread] = [
      isNode(value, 'tensor') || isNode(value, 'array') ? value.view : undefined,
      isNode(value, 'unread') ? { dtype: value.dtype, shape: value.shape } : undefined,
    ];
    if (!view && !unread) return false;
    if (this.views.has(name) || this.unread.has(name))
      throw new CheckpointError('duplicate-key', `two tensors are called '${name}'`);
    if (view) this.views.set(name, view);
    if (unread) this.unread.set(name, unread);
    return true;
  }

  /** Names of a module's buffers that its state dict leaves out. */
  private transientOf(node: ObjectNode): ReadonlySet<PickleValue> {
    const names = attribute(node, '_non_persistent_buffers_set');
    if (!isNode(names, 'set')) return new Set();
    this.walk.charge(names.items.length);
    return new Set(names.items);
  }

  /** Parameters and buffers of a module and of those in it, as in its state dict. */
  private collectModule(node: ObjectNode, path: string): void {
    this.walk.enter(() => {
      const transient = this.transientOf(node);
      for (const kind of ['_parameters', '_buffers', '_modules']) {
        const members = attribute(node, kind);
        if (!isNode(members, 'dict')) continue;
        this.walk.charge(members.entries.size);
        for (const [key, member] of members.entries) {
          if (member === null || (kind === '_buffers' && transient.has(key))) continue;
          const name = this.joined(path, key);
          if (isNode(member, 'object')) this.collectModule(member, name);
          else if (isNode(member, 'array') || !this.add(name, member))
            throw new CheckpointError('pickle-call', `'${name}' of a module is ${kindOf(member)}`);
        }
      }
    });
  }

  private collectObject(node: ObjectNode, path: string): void {
    if (!isModule(node)) return;
    const before = this.views.size;
    this.collectModule(node, path);
    if (this.views.size === before) return;
    const kwargs = plainValue(attribute(node, '_init_kwargs') ?? null);
    const args = plainValue(attribute(node, '_init_args') ?? null);
    this.parts.push({
      name: path,
      className: node.className,
      initKwargs:
        typeof kwargs === 'object' && !Array.isArray(kwargs) ? ((kwargs ?? {}) as Record<string, unknown>) : {},
      ...(Array.isArray(args) && args.length > 0 && { initArgs: args as unknown[] }),
    });
  }

  collect(value: PickleValue, path: string): void {
    this.walk.enter(() => {
      if (isNode(value, 'dict'))
        for (const [key, member] of value.entries) this.collect(member, this.joined(path, key));
      else if (isNode(value, 'list') || isNode(value, 'tuple'))
        value.items.forEach((item, i) => this.collect(item, this.joined(path, i)));
      else if (isNode(value, 'object')) this.collectObject(value, path);
      else this.add(path || kindOf(value), value);
    });
  }
}

/**
 * Tensors, networks and plain values of an unpickled object.
 * @throws CheckpointError 'limit-nodes', 'limit-depth' or 'limit-expansion' for a tree that is larger than its file lets
 * expect, 'duplicate-key' for two tensors of one name.
 */
export const contentOf = (value: PickleValue): CheckpointContent => {
  const collector = new Collector();
  collector.collect(value, '');
  const { views, unread, parts } = collector;
  return { views, unread, parts, values: plainValue(value) };
};
