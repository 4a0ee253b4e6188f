import { type GeneratorName, GENERATORS } from '../models';
import { markdownText, onOneLine } from '../text';
import { makingParts } from './made-text';
import type { StoredResult, StoredResults } from './stored-results';

/** Commands of the figures that no notebook draws, by the beginning of their names. */
const OTHER_COMMANDS: Readonly<Record<string, string>> = {
  bench: 'npm run bench && node --import tsx bench/report.ts',
  table: 'npm run tables',
};

/** What asks for figures of a long study that do not come with its measurements, by study and name. */
const STUDY_FLAGS: Readonly<Record<string, string | undefined>> = {
  digits_one_call: 'coef1-seed0 coef1-seed1 coef1-seed2 --one-call',
  settings_one_call: '--one-call',
  digits_beside: '--beside FILE',
  digits_searched: '--search',
  settings_searched: '--search',
  cifar10_searched: '--search --shipped',
  cifar10_searched_samples: '--search --shipped',
};

const commandOf = ({ name, provenance: { preset } }: StoredResult): string => {
  const [first, second, ...rest] = name.replace('paper/', '').split('_');
  const flag = STUDY_FLAGS[[second, ...rest].join('_')];
  if (first === 'study') {
    const data = second === 'cifar10' ? ' --data cifar-10-batches-bin' : '';
    return flag ? `npm run study -- ${second}${data} ${flag}` : `npm run reproduce -- ${second}${data}`;
  }
  if (first === 'generator' && Object.hasOwn(GENERATORS, second)) {
    const { study, arm } = GENERATORS[second as GeneratorName];
    return `npm run study -- ${study} --ship ${arm}`;
  }
  return OTHER_COMMANDS[first] ?? `npm run reproduce -- ${first} --preset ${preset}`;
};

/** A name as part of an address: brackets would end the link. */
const addressOf = (name: string): string =>
  encodeURI(name).replace(/[()]/g, bracket => `%${bracket.charCodeAt(0).toString(16)}`);

/** Text within the brackets of a picture, which may hold none of its own. */
const alternative = (text: string): string => markdownText(text).replace(/\[|(?<!\\)\]/g, '\\$&');

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
          `## ${markdownText(result.name)}`,
          '',
          `![${alternative(result.title)}](../figures/${addressOf(result.name)}.png)`,
          '',
          '```sh',
          onOneLine(commandOf(result)),
          '```',
          '',
          `_${markdownText(result.title)}: ${markdownText(makingParts(result.provenance).join('; '))}; preset ${markdownText(result.provenance.preset)}, ${seedsText(result.provenance.seeds)}._`,
        ].join('\n'),
      ),
    '',
  ].join('\n');
