import { codeSpan, markdownText } from '../text';
import { writeFileAtomic } from './atomic';

/** What stands in a card's table: text, a number, or text that is shown as code. None of it is read as Markdown. */
export type Fact = string | number | { code: string };

/** What a model card says; the front matter's names are those of the Hugging Face Hub. */
export type ModelCard = {
  /** Plain text. */
  title: string;
  /** A paragraph or more of Markdown. */
  summary: string;
  /** Hub's identifier, 'mit', 'cc-by-nc-sa-4.0'; nobody but the weights' owner can choose it. */
  license?: string;
  tags?: readonly string[];
  /** Hub's identifiers. */
  datasets?: readonly string[];
  /** The model that this one was made from. */
  baseModel?: string;
  /** A table: parameters, source, checksum. */
  facts?: Readonly<Record<string, Fact>>;
  /** N samples. */
  results?: readonly { task: string; dataset: string; metric: string; value: number; n: number }[];
  /** Further Markdown. */
  sections?: readonly { title: string; text: string }[];
};

/** One line of front matter. JSON is YAML, so that any text is safe in it. */
const line = (key: string, value: unknown): string => `${key}: ${JSON.stringify(value)}\n`;

/** A cell of a Markdown table. */
const cell = (value: Fact): string =>
  typeof value === 'object' ? codeSpan(value.code).replaceAll('|', '\\|') : markdownText(String(value));

const table = (head: readonly string[], rows: readonly (readonly Fact[])[]): string =>
  [head, head.map(() => '---'), ...rows].map(row => `| ${row.map(cell).join(' | ')} |\n`).join('');

const frontMatter = ({ title, license, tags = [], datasets, baseModel, results = [] }: ModelCard): string => {
  const index = {
    name: title,
    results: results.map(({ task, dataset, metric, value }) => ({
      task: { type: task },
      dataset: { type: dataset, name: dataset },
      metrics: [{ type: metric, value }],
    })),
  };
  return [
    '---\n',
    license === undefined ? '' : line('license', license),
    line('library_name', 'cosim'),
    line('tags', ['diffusion', ...tags.filter(tag => tag !== 'diffusion')]),
    datasets ? line('datasets', datasets) : '',
    baseModel === undefined ? '' : line('base_model', baseModel),
    results.length > 0 ? line('model-index', [index]) : '',
    '---\n',
  ].join('');
};

/** A model card as the Hugging Face Hub reads it: Markdown under a YAML front matter. */
export const modelCard = (card: ModelCard): string => {
  const { title, summary, facts = {}, results = [], sections = [] } = card;
  const parts = [`${frontMatter(card)}\n# ${markdownText(title)}\n`, `${summary.trim()}\n`];
  if (Object.keys(facts).length > 0) parts.push(table(['', ''], Object.entries(facts)));
  if (results.length > 0)
    parts.push(
      table(
        ['task', 'data', 'metric', 'value', 'samples'],
        results.map(({ task, dataset, metric, value, n }) => [task, dataset, metric, value, n]),
      ),
    );
  for (const section of sections) parts.push(`## ${markdownText(section.title)}\n\n${section.text.trim()}\n`);
  return parts.join('\n');
};

/**
 * Writes a model card, atomically; the Hub looks for it as README.md beside the weights.
 * @throws Node's error if it cannot be written; an old card is then untouched.
 */
export const writeModelCard = (path: string, card: ModelCard): Promise<void> => writeFileAtomic(path, modelCard(card));
