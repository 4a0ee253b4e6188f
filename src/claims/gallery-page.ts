import { makingParts } from './made-text';
import type { StoredResult, StoredResults } from './stored-results';

/** Commands of the figures that no notebook draws, by the beginning of their names. */
const OTHER_COMMANDS: Readonly<Record<string, string>> = {
  bench: 'npm run bench && node --import tsx bench/report.ts',
  generator: 'npm run generator -- digits-cosim',
  cifar10: 'npm run cifar10 -- --data cifar-10-batches-bin --features mobilenet',
};

const commandOf = ({ name, provenance: { preset } }: StoredResult): string => {
  const [first] = name.replace('paper/', '').split('_');
  return OTHER_COMMANDS[first] ?? `npm run reproduce -- ${first} --preset ${preset}`;
};

const seedsText = (seeds: readonly number[]): string =>
  seeds.length === 1 ? `seed ${seeds[0]}` : `seeds ${seeds.join(', ')}`;

/** Every stored figure with the command that makes it and what computed its numbers; pictures relative to `docs/`. */
export const galleryPage = (results: StoredResults): string =>
  [
    '# Gallery',
    '',
    'Every stored figure, the command that makes it, and what computed its numbers; they lie beside it as JSON. `npm run tables` writes this page.',
    ...[...results.values()]
      .filter(({ picture }) => picture)
      .map(result =>
        [
          '',
          `## ${result.name}`,
          '',
          `![${result.title}](../figures/${result.name}.png)`,
          '',
          '```sh',
          commandOf(result),
          '```',
          '',
          `_${result.title}: ${makingParts(result.provenance).join('; ')}; preset ${result.provenance.preset}, ${seedsText(result.provenance.seeds)}._`,
        ].join('\n'),
      ),
    '',
  ].join('\n');
