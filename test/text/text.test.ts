import assert from 'node:assert/strict';
import { test } from 'node:test';
import MarkdownIt from 'markdown-it';
import { codeSpan, htmlText, markdownText, onOneLine, printable } from '../../src/text';
import { HOSTILE } from './hostile';

const markdown = new MarkdownIt({ html: true, linkify: true });

const NAMED: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', amp: '&' };

/** Entities as a browser reads them. */
const read = (html: string): string =>
  html.replace(/&(?:#(\d+)|(\w+));/g, (_, code: string | undefined, name: string) =>
    code === undefined ? NAMED[name] : String.fromCharCode(Number(code)),
  );

/** A text as it is shown on one line: white space is one space, controls are written out. */
const shown = (text: string): string => printable(text.replace(/\s+/g, ' '));

test('in HTML nothing of a text is markup, and a browser reads it back', () => {
  for (const text of HOSTILE) {
    assert.doesNotMatch(htmlText(text), /[<>"'`]/);
    assert.equal(read(htmlText(text)), text);
  }
});

test('in Markdown a renderer makes of a text the text alone: in a paragraph, a heading, a cell', () => {
  for (const text of HOSTILE) {
    const written = markdownText(text);
    const whole = shown(text).trim();
    assert.equal(read(markdown.render(`x ${written}`)), `<p>x ${whole}</p>\n`);
    assert.equal(read(markdown.render(`# x ${written}`)), `<h1>x ${whole}</h1>\n`);
    const cells = /<td>(.*)<\/td>\n<td>(.*)<\/td>/.exec(markdown.render(`| a | b |\n| - | - |\n| ${written} | end |`))!;
    assert.deepEqual(cells.slice(1).map(read), [whole, 'end']);
  }
});

test('as code a text is one piece of code', () => {
  for (const text of HOSTILE) {
    const html = markdown.renderInline(codeSpan(text));
    assert.equal(read(/^<code>(.*)<\/code>$/.exec(html)![1]).trim(), shown(text).trim());
  }
});

test('on a terminal control characters and direction marks are written out; other writings stay', () => {
  for (const text of HOSTILE) {
    assert.doesNotMatch(printable(text).replace(/[\t\n]/g, ''), /[\p{Cc}\p{Bidi_Control}]/u);
    assert.doesNotMatch(onOneLine(text), /[\p{Cc}\p{Bidi_Control}]/u);
  }
  assert.equal(printable('\x1b[2J'), '\\u001b[2J');
  assert.equal(onOneLine('a\nb'), 'a\\u000ab');
  assert.equal(printable('naïve 学習 😀 ±\n\t'), 'naïve 学習 😀 ±\n\t');
});
