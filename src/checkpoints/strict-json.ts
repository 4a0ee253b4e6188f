import { CheckpointError, type CheckpointErrorCode } from './checkpoint-error';

const MAX_DEPTH = 4; // a header holds tensors, which hold lists; one level more is told by its own error
const MAX_VALUES = 2_000_000; // of 200,000 tensors; the largest published files have a thousandth of it

const refuse = (code: CheckpointErrorCode, what: string): never => {
  throw new CheckpointError(code, `safetensors: ${what}`);
};

/** Reads JSON in one pass, refusing what JSON.parse hides; records have no prototype. */
class StrictJson {
  private at = 0;
  private values = 0;

  constructor(private readonly text: string) {}

  private fail(): never {
    const found = this.text.slice(this.at, this.at + 20);
    return refuse('header-json', `the header is not JSON at character ${this.at}: ${JSON.stringify(found)}`);
  }

  /** The next character that is no white space. */
  private next(): string {
    while (' \n\r\t'.includes(this.text[this.at]) && this.at < this.text.length) this.at++;
    return this.text[this.at];
  }

  private expect(char: string): void {
    if (this.next() !== char) this.fail();
    this.at++;
  }

  /** A text in quotes, from its opening quote on. */
  private string(): string {
    if (this.next() !== '"') this.fail();
    const start = this.at;
    let end = start;
    let escaped = true;
    while (escaped) {
      end = this.text.indexOf('"', end + 1);
      if (end < 0) this.fail();
      let before = end - 1;
      while (this.text[before] === '\\') before--;
      escaped = (end - before) % 2 === 0; // an odd number of backslashes before the quote
    }
    this.at = end + 1;
    try {
      return JSON.parse(this.text.slice(start, this.at)) as string;
    } catch {
      this.at = start;
      return this.fail();
    }
  }

  private word(): unknown {
    const [word] = /^[-+.\w]*/.exec(this.text.slice(this.at, this.at + 400))!;
    const known = { true: true, false: false, null: null } as const;
    if (Object.hasOwn(known, word)) {
      this.at += word.length;
      return known[word as keyof typeof known];
    }
    if (!/^-?\d/.test(word)) this.fail();
    if (!/^(0|[1-9]\d{0,15})$/.test(word) || !Number.isSafeInteger(Number(word)))
      refuse(
        /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/.test(word) ? 'number' : 'header-json',
        `${word.slice(0, 40)} in the header is no integer from 0 to 2^53 - 1`,
      );
    this.at += word.length;
    return Number(word);
  }

  private object(depth: number): Record<string, unknown> {
    const made = Object.create(null) as Record<string, unknown>;
    this.at++;
    if (this.next() === '}') {
      this.at++;
      return made;
    }
    for (;;) {
      const key = this.string();
      if (key in made) refuse('duplicate-key', `the header has the key ${JSON.stringify(key).slice(0, 200)} twice`);
      this.expect(':');
      made[key] = this.value(depth);
      if (this.next() === '}') break;
      this.expect(',');
    }
    this.at++;
    return made;
  }

  private list(depth: number): unknown[] {
    const made: unknown[] = [];
    this.at++;
    if (this.next() === ']') {
      this.at++;
      return made;
    }
    for (;;) {
      made.push(this.value(depth));
      if (this.next() === ']') break;
      this.expect(',');
    }
    this.at++;
    return made;
  }

  private value(depth: number): unknown {
    if (++this.values > MAX_VALUES) refuse('header-too-large', `more than ${MAX_VALUES} values in the header`);
    const char = this.next();
    if (char === '"') return this.string();
    if (char !== '{' && char !== '[') return this.word();
    if (depth === MAX_DEPTH) refuse('entry', `the header is nested more than ${MAX_DEPTH} deep`);
    return char === '{' ? this.object(depth + 1) : this.list(depth + 1);
  }

  whole(): unknown {
    const value = this.value(0);
    if (this.next() !== undefined) this.fail();
    return value;
  }
}

/**
 * JSON.parse, in one pass, that also refuses what JSON.parse hides: a key twice in one object, and numbers that are not
 * plain integers from 0 to 2^53 - 1 (so 1.0, 1e2, -0 and 2^53 + 1 too). Objects have no prototype: any key is safe.
 * @throws CheckpointError 'header-json', 'duplicate-key', 'number'; 'entry' for more than four levels, which no header
 * has; 'header-too-large' for more than two million values.
 */
export const parseStrictJson = (text: string): unknown => new StrictJson(text).whole();
