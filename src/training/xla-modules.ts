/*
 * The modules of an update. With one round: one program, from the batch to the new state. With several: one that adds a
 * round's gradient to a sum on the device, and one that applies the sum. Several devices sum their gradients in between.
 */
import { type Shape, shapeSize } from '../compute/host-arrays';
import * as tf from '@tensorflow/tfjs-core';
import { traceTwice } from '../compute/graph/trace-twice';
import type { Trace } from '../compute/graph/trace';
import { addPrefix, type Tensors, withPrefix } from '../compute/tensors';
import { HloBuilder } from '../compute/xla/builder';
import { emit } from '../compute/xla/emit';
import type { Precision } from '../compute/xla/emitter';
import type { Hlo, HloModule } from '../compute/xla/hlo';
import type { Method, Role, Update } from '../methods';
import { type AdamOptions, flatten, unflatten } from './adam';
import type { HeldLayout } from './device-data';
import { inputShapes } from './draw-inputs';
import { applyGradient, gradientOf } from './step';
import { packingOf, type Packing, writeInputs } from './xla-inputs';

/** Numbers of a step that are no part of its batch. */
const SCALARS = ['stepSize', 'varianceScale', 'emaBeta'] as const;

/** What the modules of one update are made from. */
export type StepPlan = {
  method: Method;
  update: Update;
  options: AdamOptions & { batch: number };
  rows: number; // samples of one device in one round
  devices: number;
  precision: Precision;
  held?: HeldLayout; // the data set, where it is on the devices
};

const sizeOfRole = (method: Method, role: Role): number =>
  (method.denoisers[role]?.parameters ?? []).reduce((sum, { shape }) => sum + shapeSize(shape), 0);

/** Shapes of a role's parameters by name, in the order of its vector. */
const layoutOf = (method: Method, role: Role): Record<string, { shape: number[]; size: number }> =>
  Object.fromEntries(
    (method.denoisers[role]?.parameters ?? []).map(({ name, shape }) => [
      name,
      { shape: [...shape], size: shapeSize(shape) },
    ]),
  );

/** Names and lengths of the vectors that an update changes: parameters, phi's average, moments. */
const changedShapes = (
  method: Method,
  { trains }: Pick<Update, 'trains'>,
  { beta1 }: Pick<AdamOptions, 'beta1'>,
): Record<string, Shape> => {
  const names = [trains, ...(trains === 'phi' ? ['ema'] : []), `${trains}.v`, ...(beta1 > 0 ? [`${trains}.m`] : [])];
  return Object.fromEntries(names.map(name => [name, [sizeOfRole(method, trains)]]));
};

/** The parameters of every role, a vector each. */
const allRoles = (method: Method): Record<string, Shape> =>
  Object.fromEntries(Object.keys(method.denoisers).map(role => [role, [sizeOfRole(method, role as Role)]]));

/** Metrics in one vector [k]: reading one array costs what reading a number does. */
const together = (metrics: Tensors): tf.Tensor =>
  tf.concat(Object.values(metrics).map(t => tf.reshape<tf.Rank.R1>(t, [1])));

const prefixed = <T>(prefix: string, values: Record<string, T>): Record<string, T> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));

/** A traced half of a step, and the names of the metrics in its vector. */
type Half = { trace: Trace; metrics: string[] };

const gradientHalf = ({ method, update, options, rows }: StepPlan): Half => {
  let names: string[] = [];
  const roles = Object.keys(method.denoisers) as Role[];
  const batch = prefixed('batch/', inputShapes(update.inputs, rows));
  const f = (given: Tensors): Tensors => {
    const parts = roles.map(role => addPrefix(`${role}/`, unflatten(given[role], layoutOf(method, role))));
    const state = Object.assign({}, ...parts) as Tensors;
    const { gradient, metrics } = gradientOf(update)(state, withPrefix('batch/', given), options.batch);
    names = Object.keys(metrics);
    return { gradient, metrics: together(metrics) };
  };
  const trace = traceTwice(f, { ...allRoles(method), ...batch });
  return { trace, metrics: names };
};

/** The second half on whole vectors: `applyGradient` with one parameter, `all`. */
const applyHalf = ({ method, update, options }: StepPlan): Half => {
  let names: string[] = [];
  const { trains, normalisedWeights } = update;
  const state = changedShapes(method, update, options);
  const inner = (name: string): string => (name.includes('.') ? name : `${name}/all`);
  const whole =
    normalisedWeights &&
    (({ all }: Tensors): Tensors => ({ all: flatten(normalisedWeights(unflatten(all, layoutOf(method, trains)))) }));
  const f = (given: Tensors): Tensors => {
    const vectors = Object.fromEntries(Object.keys(state).map(name => [inner(name), given[name]]));
    const applied = applyGradient(trains, vectors, given.gradient, given, options, whole);
    names = Object.keys(applied.metrics);
    const next = Object.keys(state).map(name => [name, applied.state[inner(name)]] as const);
    return { ...Object.fromEntries(next), metrics: together(applied.metrics) };
  };
  const scalars = Object.fromEntries(SCALARS.map(name => [name, []]));
  const trace = traceTwice(f, { ...state, gradient: [sizeOfRole(method, trains)], ...scalars });
  return { trace, metrics: names };
};

/** A module with what is needed to call it. */
export type StepModule = { module: HloModule; packing: Packing; metrics: readonly string[] };

const argumentsOf = (b: HloBuilder, shapes: Record<string, Shape>): Record<string, Hlo> =>
  Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, b.argument(name, shape, 'f32')]));

const without = (name: string, { [name]: _, ...rest }: Record<string, Hlo>): Record<string, Hlo> => rest;

const summed = (b: HloBuilder, values: Record<string, Hlo>): Record<string, Hlo> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, b.allReduce(value)]));

/**
 * The whole step: arguments are the vectors of all roles, what the update changes, the words and large given inputs;
 * results are what it changes, which takes its memory, and `metrics`.
 */
export const stepModule = (plan: StepPlan): StepModule => {
  const { method, update, options, rows, devices, precision, held } = plan;
  const [first, second] = [gradientHalf(plan), applyHalf(plan)];
  const b = new HloBuilder(devices);
  const state = argumentsOf(b, { ...allRoles(method), ...changedShapes(method, update, options) });
  const packing = packingOf(update.inputs, SCALARS, rows, held);
  const { scalars, batch } = writeInputs(b, update.inputs, packing, rows);
  const gradient = summed(b, emit(first.trace, { ...state, ...prefixed('batch/', batch) }, { builder: b, precision }));
  const given = { ...state, ...without('metrics', gradient), ...scalars };
  const applied = emit(second.trace, given, { builder: b, precision });
  const metrics = b.concatenate([gradient.metrics, applied.metrics], 0);
  const names = [...first.metrics, ...second.metrics];
  return { module: b.module({ ...applied, metrics }), packing, metrics: names };
};

/**
 * One round: adds its gradient and metrics to `total/...`, or takes their place where the scalar `adds` is 0. Sums over
 * devices are left to whoever applies them.
 */
export const gradientModule = (plan: StepPlan): StepModule => {
  const { method, update, rows, devices, precision, held } = plan;
  const { trace, metrics } = gradientHalf(plan);
  const b = new HloBuilder(devices);
  const state = argumentsOf(b, allRoles(method));
  const totals = argumentsOf(b, {
    'total/gradient': [sizeOfRole(method, update.trains)],
    'total/metrics': [metrics.length],
  });
  const packing = packingOf(update.inputs, ['adds'], rows, held);
  const { scalars, batch } = writeInputs(b, update.inputs, packing, rows);
  const adds = b.compare(scalars.adds, b.like(scalars.adds, 0), 'GT');
  const results = emit(trace, { ...state, ...prefixed('batch/', batch) }, { builder: b, precision });
  const sums = Object.entries(results).map(([name, value]) => {
    const total = totals[`total/${name}`];
    const before = b.select(b.broadcastIn(adds, total.shape, []), total, b.like(total, 0)); // nothing to multiply: NaN
    return [`total/${name}`, b.elementwise('add', before, value)] as const;
  });
  return { module: b.module(Object.fromEntries(sums)), packing, metrics };
};

/**
 * Applies the sums of all rounds and devices, whose metrics have these names; results as those of `stepModule`. The sums
 * are not consumed.
 */
export const applyModule = (plan: StepPlan, names: readonly string[]): StepModule => {
  const { method, update, options, devices, precision } = plan;
  const { trace, metrics } = applyHalf(plan);
  const b = new HloBuilder(devices);
  const state = argumentsOf(b, changedShapes(method, update, options));
  const totals = argumentsOf(b, {
    'total/gradient': [sizeOfRole(method, update.trains)],
    'total/metrics': [names.length],
  });
  const packing = packingOf({}, SCALARS, 0);
  const { scalars } = writeInputs(b, {}, packing, 0);
  const sums = summed(
    b,
    Object.fromEntries(Object.entries(totals).map(([name, value]) => [name.slice('total/'.length), value])),
  );
  const given = { ...state, ...without('metrics', sums), ...scalars };
  const applied = emit(trace, given, { builder: b, precision });
  const all = b.concatenate([sums.metrics, applied.metrics], 0);
  return { module: b.module({ ...applied, metrics: all }), packing, metrics: [...names, ...metrics] };
};
