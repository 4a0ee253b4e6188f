import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { modelCard, writeModelCard } from '../../src/checkpoints';
import { temporaryFolder } from '../temporary-folder';

const card = {
  title: 'digits: "two" steps\nand more',
  summary: 'A generator of drawn digits.',
  license: 'mit',
  tags: ['cosim', 'diffusion'],
  datasets: ['drawn-digits'],
  baseModel: 'digits16',
  facts: { parameters: 1234, 'a | b': 'x | y\nz' },
  results: [{ task: 'unconditional-image-generation', dataset: 'digits', metric: 'frechet', value: 1.5, n: 1000 }],
  sections: [{ title: 'Limits', text: 'Digits only.' }],
};

/** The front matter, each line of which is `key: JSON`, as YAML allows. */
const frontMatter = (text: string): Record<string, unknown> => {
  const [, block] = /^---\n([\s\S]*?)\n---\n/.exec(text)!;
  const lines = block.split('\n').map(line => /^([a-z_-]+): (.*)$/.exec(line)!);
  return Object.fromEntries(lines.map(([, key, json]) => [key, JSON.parse(json)]));
};

test("the front matter has the Hub's names, and holds any text", () => {
  assert.deepEqual(frontMatter(modelCard(card)), {
    license: 'mit',
    library_name: 'cosim',
    tags: ['diffusion', 'cosim'],
    datasets: ['drawn-digits'],
    base_model: 'digits16',
    'model-index': [
      {
        name: card.title,
        results: [
          {
            task: { type: 'unconditional-image-generation' },
            dataset: { type: 'digits', name: 'digits' },
            metrics: [{ type: 'frechet', value: 1.5 }],
          },
        ],
      },
    ],
  });
  assert.deepEqual(frontMatter(modelCard({ title: 'x', summary: 'y' })), {
    library_name: 'cosim',
    tags: ['diffusion'],
  });
});

test('the body is Markdown whose tables no text can break', () => {
  const [, body] = modelCard(card).split('---\n\n');
  assert.equal(
    body,
    `# digits: "two" steps and more

A generator of drawn digits.

|  |  |
| --- | --- |
| parameters | 1234 |
| a \\| b | x \\| y z |

| task | data | metric | value | samples |
| --- | --- | --- | --- | --- |
| unconditional-image-generation | digits | frechet | 1.5 | 1000 |

## Limits

Digits only.
`,
  );
});

test('the file is the card and nothing else is left beside it', async () => {
  const place = temporaryFolder();
  await writeModelCard(place('README.md'), card);
  assert.equal(readFileSync(place('README.md'), 'utf8'), modelCard(card));
  assert.deepEqual(readdirSync(place()), ['README.md']);
});
