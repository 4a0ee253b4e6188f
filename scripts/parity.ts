// npm run parity -- DIR [--backend wasm] [--all]: this code's numbers beside recorded ones of the reference, case by case.
// One line a case with its worst quantity (--all: one a quantity): kind, case, quantity, error, floor, ratio, verdict.
import { parseArgs } from 'node:util';
import { selectBackend } from '../src/compute/backend';
import { findCases, runCase } from './parity/cases';
import { LIMIT, type Measure, passes, ratioOf, worst } from './parity/measure';

const columns = (kind: string, name: string, quantity: string, rest: readonly string[]): string =>
  [kind.padEnd(8), name.padEnd(20), quantity.padEnd(34), ...rest.map(text => text.padStart(9))].join(' ');

const line = (kind: string, name: string, measure: Measure): string =>
  columns(kind, name, measure.quantity, [
    measure.error.toExponential(1),
    measure.floor.toExponential(1),
    ratioOf(measure).toFixed(2),
    measure.absent ? 'absent' : passes(measure) ? 'ok' : 'MISS',
  ]);

const main = async (): Promise<void> => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { backend: { type: 'string', default: 'wasm' }, all: { type: 'boolean', default: false } },
  });
  if (positionals.length !== 1) throw new Error('usage: npm run parity -- DIR [--backend wasm|cpu|...] [--all]');
  await selectBackend({ backend: values.backend as 'wasm' });
  const cases = findCases(positionals[0]);
  console.log(columns('kind', 'case', 'quantity', ['error', 'floor', 'ratio', 'verdict']));
  let [quantities, missed] = [0, 0];
  for (const path of cases) {
    const { kind, name, measures, problem } = await runCase(path);
    quantities += measures.filter(({ absent }) => !absent).length;
    const misses = measures.filter(measure => !passes(measure));
    if (problem !== undefined || misses.length > 0) missed++;
    if (problem !== undefined) console.log(columns(kind, name, problem, ['', '', '', 'MISS']));
    else for (const measure of values.all ? measures : [worst(measures)]) console.log(line(kind, name, measure));
    const missing = measures.filter(({ absent }) => absent).map(({ quantity }) => quantity);
    if (missing.length > 0 && !values.all)
      console.log(columns(kind, name, `not computed here: ${missing.join(', ')}`, []));
  }
  const verdict = missed === 0 ? 'all' : `${cases.length - missed} of ${cases.length}`;
  console.log(`${verdict} cases within ${LIMIT} noise floors on ${values.backend}; ${quantities} quantities`);
  process.exitCode = missed === 0 && cases.length > 0 ? 0 : 1;
};

main().catch((error: unknown) => {
  console.error((error as Error).message);
  process.exitCode = 2;
});
