import type { ByteRange } from './byte-source';
import { Cursor } from './pickle-cursor';
import { dict, type DictNode, isNode, kindOf, type PickleValue } from './pickle-values';

/** How much a pickle may ask for; the largest published checkpoints need less than a tenth. */
export type PickleLimits = {
  /** And items copied from one container to another. */
  opcodes: number;
  /** Values or marks at a time. */
  stack: number;
  /** Entries. */
  memo: number;
  /** Bytes that are decoded from texts. */
  copied: number;
};

/** Limits for a file of `size` bytes. */
export const pickleLimits = (size: number): PickleLimits => ({
  opcodes: 1_000_000,
  stack: 100_000,
  memo: 1_000_000,
  copied: size,
});

/** An allowed function or class: what to make of a call, or of an instance made without one. */
export type PickleRule = {
  call?: (args: PickleValue[], machine: PickleMachine) => PickleValue;
  create?: (args: PickleValue[]) => PickleValue;
};

/** What a pickle may name, and what its persistent ids mean. */
export type PickleRules = {
  /** By Python name; must have no prototype. */
  globals: Readonly<Record<string, PickleRule>>;
  persistent?: (id: PickleValue) => PickleValue;
};

/** Python 2's names of the modules, which protocols 0 to 2 use. */
const RENAMED: Readonly<Record<string, string>> = { __builtin__: 'builtins', copy_reg: 'copyreg' };

/** The stack and memo of pickle's machine, holding plain values only. */
export class PickleMachine {
  readonly cursor: Cursor;
  private readonly stack: PickleValue[] = [];
  private readonly marks: number[] = [];
  private readonly memo = new Map<number, PickleValue>();

  constructor(
    range: ByteRange,
    readonly rules: PickleRules,
    readonly budget: PickleLimits, // what is left; shared by a pickle and those inside it
  ) {
    this.cursor = new Cursor(range);
  }

  /** Counts an opcode, or `count` items that one copies. */
  charge(count = 1): void {
    this.budget.opcodes -= count;
    if (this.budget.opcodes < 0) this.cursor.fail('limit-opcodes', 'more opcodes than any checkpoint needs');
  }

  chargeBytes(count: number): void {
    this.budget.copied -= count;
    if (this.budget.copied < 0) this.cursor.fail('limit-size', 'texts decoded to more bytes than the file has');
  }

  push(value: PickleValue): void {
    if (this.stack.length >= this.budget.stack) this.cursor.fail('limit-stack', `a stack of ${this.stack.length}`);
    this.stack.push(value);
  }

  private needAboveMark(): void {
    if (this.stack.length <= (this.marks.at(-1) ?? 0)) this.cursor.fail('pickle-stack', 'nothing on the stack');
  }

  pop(): PickleValue {
    this.needAboveMark();
    return this.stack.pop()!;
  }

  top(): PickleValue {
    this.needAboveMark();
    return this.stack[this.stack.length - 1];
  }

  mark(): void {
    if (this.marks.length >= this.budget.stack) this.cursor.fail('limit-stack', `${this.marks.length} marks`);
    this.marks.push(this.stack.length);
  }

  /** All values above the last mark, which is removed. */
  popMark(): PickleValue[] {
    const from = this.marks.pop();
    return from === undefined ? this.cursor.fail('pickle-stack', 'no mark on the stack') : this.stack.splice(from);
  }

  /** POP: a value, or the mark if it is on top. */
  drop(): void {
    if (this.marks.at(-1) === this.stack.length && this.marks.length > 0) this.marks.pop();
    else this.pop();
  }

  remember(index: number): void {
    if (!this.memo.has(index) && --this.budget.memo < 0)
      this.cursor.fail('limit-memo', 'more memo entries than any checkpoint needs');
    this.memo.set(index, this.top());
  }

  rememberNext(): void {
    this.remember(this.memo.size);
  }

  recall(index: number): void {
    const value = this.memo.get(index);
    if (value === undefined) this.cursor.fail('pickle-memo', `memo entry ${index} was never stored`);
    else this.push(value);
  }

  /** Refuses a name that is not on the list at once, before anything could be made of it. */
  pushGlobal(module: PickleValue, name: PickleValue): void {
    if (typeof module !== 'string' || typeof name !== 'string')
      return this.cursor.fail('pickle-stack', `a global named by ${kindOf(module)} and ${kindOf(name)}`);
    const full = `${Object.hasOwn(RENAMED, module) ? RENAMED[module] : module}.${name}`;
    if (!Object.hasOwn(this.rules.globals, full))
      this.cursor.fail('pickle-global', `'${full.slice(0, 200)}' is not among the names that a checkpoint may use`);
    this.push({ kind: 'global', name: full });
  }

  private ruleOf(callee: PickleValue): { rule: PickleRule; name: string } {
    if (!isNode(callee, 'global')) return this.cursor.fail('pickle-stack', `a call of ${kindOf(callee)}`);
    return { rule: this.rules.globals[callee.name], name: callee.name };
  }

  call(callee: PickleValue, args: PickleValue): PickleValue {
    const { rule, name } = this.ruleOf(callee);
    if (!isNode(args, 'tuple')) return this.cursor.fail('pickle-stack', `arguments that are ${kindOf(args)}`);
    if (!rule.call) return this.cursor.fail('pickle-call', `${name} is not a function that a checkpoint calls`);
    return rule.call(args.items, this);
  }

  create(callee: PickleValue, args: PickleValue[]): PickleValue {
    const { rule, name } = this.ruleOf(callee);
    if (!rule.create) return this.cursor.fail('pickle-call', `${name} is not a class that a checkpoint has objects of`);
    return rule.create(args);
  }

  persistent(id: PickleValue): PickleValue {
    if (!this.rules.persistent)
      return this.cursor.fail('pickle-persistent', 'a persistent id outside of a PyTorch container');
    return this.rules.persistent(id);
  }

  append(target: PickleValue, items: readonly PickleValue[]): void {
    if (!isNode(target, 'list')) this.cursor.fail('pickle-stack', `items for ${kindOf(target)}`);
    else for (const item of items) target.items.push(item);
  }

  setItems(target: PickleValue, pairs: readonly PickleValue[]): void {
    if (!isNode(target, 'dict')) return this.cursor.fail('pickle-stack', `keys for ${kindOf(target)}`);
    if (pairs.length % 2 === 1) this.cursor.fail('pickle-stack', 'a key without a value');
    for (let i = 0; i < pairs.length; i += 2) target.entries.set(pairs[i], pairs[i + 1]);
  }

  dictOf(pairs: readonly PickleValue[]): DictNode {
    const made = dict();
    this.setItems(made, pairs);
    return made;
  }
}
