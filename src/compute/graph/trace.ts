/*
 * Tracing: a function of tensors runs once on a backend whose tensors are values of a graph. TensorFlow.js differentiates
 * by calling kernels of the active backend, so gradients are recorded like everything else.
 */
import type { Shape } from '../host-arrays';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensors } from '../tensors';
import { arrayOf, type Data, Graph, sizeOfValue, splatOf, type Value } from './graph';
import { REWRITES } from './rewrites';
import { TRACED_KERNELS } from './traced-kernels';

/** A function over named tensors: no chance, no clock, no reading of values inside. */
export type TensorFunction = (inputs: Tensors) => Tensors;

/** What a traced function is: a graph with named results. */
export type Trace = {
  graph: Graph;
  results: Record<string, Value>;
  /** Shapes of the tensors that the function reads and was not given: they are constants of the graph. */
  captured: Shape[];
};

/** Thrown when a function cannot be traced; the message names the kernel and the line that called it. */
export class TraceError extends Error {
  override name = 'TraceError';
}

const BACKEND = 'trace';

/** Frames of Node and TensorFlow.js. */
const ELSEWHERE = /node_modules|node:|tfjs-\w+[\\/]src/;

/** TensorFlow.js alone puts about ten frames between a step and its kernel. */
const STACK_FRAMES = 50;

/** The first line of a stack that is neither TensorFlow.js nor this room: where the step called. */
const callerOf = (stack: string): string => {
  const frames = stack.split('\n').filter(line => /^\s+at /.test(line));
  const own = frames.find(line => /[\\/].*:\d+:\d+/.test(line) && !ELSEWHERE.test(line) && !line.includes(__dirname));
  return own ? ` (${own.trim()})` : '';
};

/** Tensors of this backend are values of the graph that is being recorded. */
class SymbolicBackend extends tf.KernelBackend {
  private readonly held = new tf.DataStorage<Value>(this, tf.engine());
  private readonly references = new WeakMap<object, number>(); // tensors that share the data, where more than one
  graph = new Graph(REWRITES);
  captured: Shape[] = [];

  override numDataIds(): number {
    return this.held.numDataIds();
  }

  override write(values: tf.BackendValues, shape: number[], dtype: tf.DataType): object {
    const id = {};
    this.hold(id, values, shape, dtype);
    return id;
  }

  /** A tensor made on another backend joins the graph as a constant. */
  override move(id: object, values: tf.BackendValues, shape: number[], dtype: tf.DataType, references: number): void {
    this.captured.push([...shape]);
    this.hold(id, values, shape, dtype);
    this.references.set(id, references);
  }

  private hold(id: object, values: tf.BackendValues, shape: number[], dtype: tf.DataType): void {
    if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool')
      throw new TraceError(`tensors of type ${dtype} cannot be traced${callerOf(new Error().stack ?? '')}`);
    this.held.set(id, this.graph.constant(arrayOf(dtype, values as Float32Array), shape, dtype));
  }

  override readSync(id: object): Data {
    const value = this.held.get(id);
    const splat = splatOf(value);
    if (value.data) return value.data;
    if (splat !== undefined) return arrayOf(value.dtype, new Array<number>(sizeOfValue(value)).fill(splat));
    const where = callerOf(new Error().stack ?? '');
    throw new TraceError(
      `the value of a traced tensor (${value.op}, shape [${value.shape}]) was read: what a step does cannot depend on its data${where}`,
    );
  }

  override read(id: object): Promise<Data> {
    return Promise.resolve(this.readSync(id));
  }

  /** Values live as long as their graph; clones of a captured tensor are counted, for when it moves back. */
  override disposeData(id: object, force = false): boolean {
    const left = this.refCount(id) - 1;
    this.references.set(id, left);
    return force || left <= 0;
  }

  override refCount(id: object): number {
    return this.references.get(id) ?? 1;
  }

  override incRef(id: object): void {
    this.references.set(id, this.refCount(id) + 1);
  }

  override floatPrecision(): 32 {
    return 32;
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: true };
  }

  override timerAvailable(): boolean {
    return false;
  }

  override dispose(): void {
    this.graph = new Graph(REWRITES);
  }

  /** The graph's value behind a tensor; constants of an earlier trace are made anew. */
  tracedValue({ dataId, shape }: tf.TensorInfo): Value {
    let value = this.held.get(dataId);
    if (this.graph.values[value.id] !== value) {
      this.captured.push([...shape]);
      const splat = splatOf(value);
      if (value.data) value = this.graph.constant(value.data, value.shape, value.dtype);
      else if (splat !== undefined) value = this.graph.splat(splat, value.shape, value.dtype);
      else throw new TraceError(`a tensor of an earlier trace was used (${value.op}, shape [${value.shape}])`);
      this.held.set(dataId, value);
    }
    return this.graph.reshape(value, shape);
  }

  info(value: Value): tf.TensorInfo {
    const dataId = {};
    this.held.set(dataId, value);
    return { dataId, shape: [...value.shape], dtype: value.dtype };
  }
}

let backend: SymbolicBackend | undefined;

const symbolicBackend = (): SymbolicBackend => {
  if (backend) return backend;
  const made = new SymbolicBackend();
  tf.registerBackend(BACKEND, () => made, -1);
  for (const [kernelName, kernel] of Object.entries(TRACED_KERNELS))
    tf.registerKernel({
      kernelName,
      backendName: BACKEND,
      kernelFunc: ({ inputs, attrs }) => {
        const list = Array.isArray(inputs) ? (inputs as tf.TensorInfo[]).map(t => made.tracedValue(t)) : [];
        const named = Object.entries((Array.isArray(inputs) ? {} : inputs) as Record<string, tf.TensorInfo | null>)
          .filter((entry): entry is [string, tf.TensorInfo] => Boolean(entry[1])) // optional inputs may be null
          .map(([name, t]) => [name, made.tracedValue(t)] as const);
        try {
          const result = kernel(made.graph, Object.fromEntries(named), attrs ?? {}, list);
          return Array.isArray(result) ? result.map(value => made.info(value)) : made.info(result);
        } catch (error) {
          const { message, stack = '' } = error as Error;
          throw new TraceError(`kernel ${kernelName}: ${message}${callerOf(stack)}`);
        }
      },
    });
  backend = made;
  return made;
};

const explained = (error: unknown): unknown => {
  const { message, stack = '' } = error as Error;
  const missing = /Kernel '(\w+)' not registered|registered kernel '(\w+)' for backend/.exec(message);
  return missing ? new TraceError(`kernel ${missing[1] ?? missing[2]} cannot be traced${callerOf(stack)}`) : error;
};

/**
 * Records what `f` computes for inputs of these shapes (float32). The backend in use before is in use again afterwards,
 * also when f throws.
 * @throws TraceError where a kernel cannot be traced, a value is read inside, or no backend is active.
 */
export const trace = (f: TensorFunction, shapes: Record<string, Shape>): Trace => {
  const symbolic = symbolicBackend();
  const [before, { stackTraceLimit }] = [tf.getBackend(), Error];
  if (!before) throw new TraceError('no backend is active: choose one first (selectBackend)');
  const graph = new Graph(REWRITES);
  symbolic.graph = graph;
  const captured: Shape[] = [];
  symbolic.captured = captured;
  const engine = tf.engine();
  void engine.setBackend(BACKEND); // synchronous: its factory returns no promise
  engine.startScope('trace');
  Error.stackTraceLimit = STACK_FRAMES;
  try {
    const inputs = Object.entries(shapes).map(([name, shape]) => {
      const { dataId, shape: size, dtype } = symbolic.info(graph.input(name, shape));
      return [name, engine.makeTensorFromDataId(dataId, size, dtype)] as const;
    });
    const results = Object.entries(f(Object.fromEntries(inputs))).map(
      ([name, t]) => [name, symbolic.tracedValue(t)] as const,
    );
    return { graph, results: Object.fromEntries(results), captured };
  } catch (error) {
    throw explained(error);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    engine.endScope();
    void engine.setBackend(before);
  }
};
