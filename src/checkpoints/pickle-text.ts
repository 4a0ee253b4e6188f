// The text forms of protocol 0. Each returns undefined for a text that Python would not have written.

/** '12', '-3' to an integer, '00' and '01' to false and true. */
export const integerText = (text: string): number | bigint | boolean | undefined => {
  if (text === '00' || text === '01') return text === '01';
  if (!/^-?\d{1,80}$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
};

/** Python's repr of a float. */
export const floatText = (text: string): number | undefined => {
  if (/^-?(inf|nan)$/.test(text)) return text.endsWith('nan') ? NaN : text.startsWith('-') ? -Infinity : Infinity;
  return /^-?\d{1,400}(\.\d{0,400})?(e[-+]?\d{1,4})?$/.test(text) ? Number(text) : undefined;
};

/** Latin-1 with \uXXXX and \UXXXXXXXX for what it lacks ("raw-unicode-escape"). */
export const rawUnicode = (text: string): string | undefined => {
  if (!text.includes('\\')) return text;
  let valid = true;
  const decoded = text.replace(/\\u([\da-fA-F]{4})|\\U([\da-fA-F]{8})/g, (_, short?: string, long?: string) => {
    const code = parseInt(short ?? long ?? '', 16);
    valid &&= code <= 0x10ffff;
    return valid ? String.fromCodePoint(code) : '';
  });
  return valid ? decoded : undefined;
};

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '\\': '\\', "'": "'", '"': '"' };

/** Python 2's repr of a string: in quotes, with escapes. */
export const quotedText = (text: string): string | undefined => {
  const [, , inner] = /^(['"])((?:[^\\]|\\.)*)\1$/s.exec(text) ?? [];
  return inner?.replace(/\\(?:x([\da-fA-F]{2})|(.))/gs, (whole, hex?: string, char = '') =>
    hex
      ? String.fromCharCode(parseInt(hex, 16))
      : Object.hasOwn(ESCAPES, char as string)
        ? ESCAPES[char as string]
        : whole,
  );
};
