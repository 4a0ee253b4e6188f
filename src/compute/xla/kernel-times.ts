/* What a profiler recorded of the kernels on accelerators: XSpace, a protocol buffer of planes, lines and events. */
import { fieldsOf, textOf, type WireField } from '../wire';

/** What the runs of one kernel took together. */
export type KernelTime = {
  /** As the profiler calls it; without the number at its end, by which the compiler tells like ones apart. */
  name: string;
  calls: number;
  ms: number;
};

/** Planes of accelerators. */
const DEVICE = '/device:';

/** Lines with a plane's operations: those of XLA's own account where there is one (TPU), else the streams' (GPU). */
const OPERATIONS = 'XLA Ops';
const STREAM = 'Stream';

const PS_A_MS = 1e9;

type Event = { kernel: number; calls: number; ps: number };
type Line = { name: string; events: WireField[] };

/** The kernels of the plane in bytes [from, to), added up by name. */
const addPlane = (bytes: Uint8Array, { from, to }: WireField, sums: Map<string, KernelTime>): void => {
  const within = (field: WireField): WireField[] => [...fieldsOf(bytes, field.from, field.to)];
  const lineOf = (field: WireField): Line => {
    const line: Line = { name: '', events: [] };
    for (const part of within(field)) {
      if (part.number === 2) line.name = textOf(bytes, part);
      else if (part.number === 4) line.events.push(part);
    }
    return line;
  };
  const eventOf = (field: WireField): Event => {
    const event: Event = { kernel: 0, calls: 1, ps: 0 };
    for (const { number, value } of within(field)) {
      if (number === 1) event.kernel = value;
      else if (number === 3) event.ps = value;
      else if (number === 5) event.calls = value; // several events as one
    }
    return event;
  };
  let plane = '';
  const lines: Line[] = [];
  const names = new Map<number, string>(); // by kernel
  for (const field of fieldsOf(bytes, from, to)) {
    if (field.number === 2) plane = textOf(bytes, field);
    else if (field.number === 3) lines.push(lineOf(field));
    else if (field.number === 4) {
      const [entry] = within(field).filter(({ number }) => number === 2); // of a map: what the key stands for
      const parts = entry ? within(entry) : [];
      const [id, name] = [1, 2].map(number => parts.find(part => part.number === number));
      names.set(id?.value ?? 0, name ? textOf(bytes, name) : '');
    }
  }
  if (!plane.startsWith(DEVICE)) return;
  const counted = lines.some(({ name }) => name === OPERATIONS) ? OPERATIONS : STREAM;
  for (const { name, events } of lines) {
    if (!name.startsWith(counted)) continue;
    for (const { kernel, calls, ps } of events.map(eventOf)) {
      const called = (names.get(kernel) ?? '').replace(/([._]\d+)+$/, '');
      const sum = sums.get(called) ?? { name: called, calls: 0, ms: 0 };
      sums.set(called, { name: called, calls: sum.calls + calls, ms: sum.ms + ps / PS_A_MS });
    }
  }
};

/**
 * The kernels that ran on accelerators, copies among them, the longest first; those of several devices and streams
 * together, so that their sum can be longer than the time that passed.
 * @param space a serialised XSpace
 * @throws ArgumentError where the bytes are no protocol buffer
 */
export const kernelTimes = (space: Uint8Array): KernelTime[] => {
  const sums = new Map<string, KernelTime>();
  for (const field of fieldsOf(space, 0, space.length)) if (field.number === 1) addPlane(space, field, sums);
  return [...sums.values()].sort((a, b) => b.ms - a.ms);
};
