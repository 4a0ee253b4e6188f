import { ArgumentError } from '../compute/check';

const begin = (name: string): string => `<!-- tables:${name} -->`;
const END = '<!-- /tables -->';

/**
 * Markdown with what stands between `<!-- tables:NAME -->` and the next `<!-- /tables -->` replaced by the block of that name.
 * @throws ArgumentError for a block without its place, a place without its block or without its end, a place that is there twice
 */
export const replaceBlocks = (text: string, blocks: Readonly<Record<string, string>>): string => {
  const places = [...text.matchAll(/<!-- tables:([\w-]+) -->/g)].map(match => match[1]);
  const unknown = places.find(name => !Object.hasOwn(blocks, name));
  if (unknown !== undefined)
    throw new ArgumentError(
      `replaceBlocks: ${begin(unknown)} names no block. Known: ${Object.keys(blocks).join(', ')}.`,
    );
  return Object.entries(blocks).reduce((written, [name, block]) => {
    const parts = written.split(begin(name));
    if (parts.length !== 2)
      throw new ArgumentError(
        `replaceBlocks: the text must have ${begin(name)} once, it is there ${parts.length - 1} times`,
      );
    const end = parts[1].indexOf(END);
    const next = parts[1].indexOf('<!-- tables:');
    if (end < 0 || (next >= 0 && next < end))
      throw new ArgumentError(`replaceBlocks: ${begin(name)} has no end, ${END}`);
    return `${parts[0]}${begin(name)}\n\n${block.trim()}\n\n${parts[1].slice(end)}`;
  }, text);
};
