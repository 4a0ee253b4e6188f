// C0 without tab and line feed, delete, C1: terminals act on them. Line separators, direction marks and overrides, and the byte
// order mark: they show text in another order, or not at all.
const CONTROLS = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

const escaped = (sign: string): string => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Text for a terminal: control characters but tab and line feed are written as \\u001b, as JSON has them. */
export const printable = (text: string): string => text.replace(CONTROLS, escaped);

/** A name for a terminal: `printable`, and on one line. */
export const onOneLine = (text: string): string => printable(text).replace(/[\t\n]/g, escaped);
