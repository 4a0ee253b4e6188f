import { CheckpointError } from './checkpoint-error';

/** Index just after the string that opens at `start`, in valid JSON. */
const stringEnd = (text: string, start: number): number => {
  let end = start + 1;
  while (text[end] !== '"') end += text[end] === '\\' ? 2 : 1;
  return end + 1;
};

/**
 * JSON.parse that also refuses what JSON.parse hides: a key twice in one object, and numbers that are not plain
 * integers from 0 to 2^53 - 1 (so 1.0, 1e2, -0 and 2^53 + 1 too).
 * @throws CheckpointError 'header-json', 'duplicate-key' or 'number'.
 */
export const parseStrictJson = (text: string): unknown => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new CheckpointError('header-json', `safetensors: the header is not JSON: ${(error as Error).message}`);
  }
  const open: (Set<string> | undefined)[] = []; // keys of each enclosing object, undefined for a list
  let atKey = false;
  const number = /[-+.\deE]+/y;
  for (let i = 0; i < text.length;) {
    const char = text[i];
    if (char === '"') {
      const end = stringEnd(text, i);
      if (atKey) {
        const key = JSON.parse(text.slice(i, end)) as string;
        if (open.at(-1)?.has(key))
          throw new CheckpointError('duplicate-key', `safetensors: the header has the key ${text.slice(i, end)} twice`);
        open.at(-1)?.add(key);
      }
      i = end;
      continue;
    }
    if (char === '-' || (char >= '0' && char <= '9')) {
      number.lastIndex = i;
      const token = number.exec(text)?.[0] ?? '';
      if (!/^\d{1,16}$/.test(token) || !Number.isSafeInteger(Number(token)))
        throw new CheckpointError('number', `safetensors: ${token} in the header is no integer from 0 to 2^53 - 1`);
      i += token.length;
      continue;
    }
    if (char === '{' || char === '[') open.push(char === '{' ? new Set() : undefined);
    if (char === '}' || char === ']') open.pop();
    if (char === '{' || char === ',') atKey = open.at(-1) !== undefined;
    if (char === ':' || char === '[') atKey = false;
    i++;
  }
  return value;
};
