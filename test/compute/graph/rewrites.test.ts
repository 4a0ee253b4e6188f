import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import fc from 'fast-check';
import { selectBackend } from '../../../src/compute/backend';
import { Graph, type Rules, show, type Value } from '../../../src/compute/graph/graph';
import { REWRITES } from '../../../src/compute/graph/rewrites';
import { lower } from '../../../src/compute/onnx/lower';
import { targetFor } from '../../../src/compute/onnx/probe';
import { openSession } from '../../../src/compute/onnx/session';
import type { Nd } from './arrays';
import { ruleCases } from './cases/rules';
import { interpret } from './interpreter';
import { worst } from './kernel-case';
import { testedLowerings } from './lowerings';
import { execute, inputArrays, type Instruction, programs } from './random-programs';

before(() => selectBackend({ backend: 'wasm' }));

const shown = (rules: Rules, make: (typeof ruleCases)[number]['make']): string[] => {
  const g = new Graph(rules);
  const input = (name: string, shape: number[]): Value => g.input(name, shape);
  const r = make(g, input('x', [2, 3]), input('y', [2, 3]), input('b', [3]), input('z', [2, 3, 2]));
  return show({ r }).split('\n');
};

describe('each rule', () => {
  test('has a test', () =>
    assert.deepEqual(
      ruleCases.map(c => c.rule),
      REWRITES.map(rule => rule.name),
    ));

  for (const { rule, make, before, after } of ruleCases)
    test(rule, () => {
      assert.deepEqual(shown([], make), before, 'without any rule');
      assert.deepEqual(shown(REWRITES, make), after, 'with all rules');
      const others = REWRITES.filter(({ name }) => name !== rule);
      assert.notDeepEqual(shown(others, make), after, 'it is this rule that does it');
    });
});

test('a value that was made before is found again, with its data or without', () => {
  const g = new Graph([]);
  const x = g.input('x', [3]);
  assert.equal(g.binary('add', x, g.unary('exp', x)), g.binary('add', x, g.unary('exp', x)));
  assert.equal(g.constant(Float32Array.of(1, 2, 3), [3], 'float32'), g.constant(Float32Array.of(1, 2, 3), [3], 'float32')); // prettier-ignore
  assert.notEqual(g.constant(Float32Array.of(1, 2, 4), [3], 'float32'), g.constant(Float32Array.of(1, 2, 3), [3], 'float32')); // prettier-ignore
  assert.notEqual(g.transpose(g.reshape(x, [3, 1]), [1, 0]), g.reshape(g.reshape(x, [3, 1]), [1, 3]));
  assert.equal(g.constant(Float32Array.of(2, 2), [2], 'float32'), g.splat(2, [2]));
  assert.notEqual(g.splat(NaN), g.splat(0));
  assert.notEqual(g.splat(Infinity), g.splat(-Infinity));
});

describe('random expressions', () => {
  const inputs = inputArrays();
  const plain = (program: Instruction[]): { value: Nd; scale: number } =>
    interpret(execute(new Graph([]), program), inputs);

  test('the rules change no value: 1000 of them in float64', () => {
    fc.assert(
      fc.property(programs(), program => {
        const { value, scale } = plain(program);
        fc.pre(scale < 1e6);
        const rewritten = interpret(execute(new Graph(REWRITES), program), inputs);
        assert.deepEqual(rewritten.value.shape, value.shape);
        const error = worst(rewritten.value.data, value.data);
        assert.ok(error <= 1e-6 * Math.max(1, scale), `error ${error}`);
      }),
      { seed: 11, numRuns: 1000 },
    );
  });

  test('lowered to ONNX and run, they are what their definition says, on every lowering', async () => {
    const samples = fc.sample(programs(20), { seed: 12, numRuns: 120 });
    const small = samples.filter(program => plain(program).scale < 1e4);
    assert.ok(small.length > 60, `${small.length} of moderate size`);
    for (const lowering of await testedLowerings()) {
      const target = await targetFor(lowering);
      for (const [i, program] of small.entries()) {
        const graph = new Graph(REWRITES);
        const session = await openSession(
          lower({ graph, captured: [], results: { result: execute(graph, program) } }, target),
        );
        for (const [name, { data }] of Object.entries(inputs)) session.write(name, Float32Array.from(data));
        await session.run();
        const { value, scale } = plain(program);
        assert.deepEqual(session.signature.outputs.result, value.shape);
        const error = worst(session.output('result'), value.data);
        await session.dispose();
        assert.ok(
          error <= 1e-5 * Math.max(1, scale),
          `program ${i} on ${lowering}: ${error}\n${JSON.stringify(program)}`,
        );
      }
    }
  });
});
