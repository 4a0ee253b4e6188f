import assert from 'node:assert/strict';
import { test } from 'node:test';
import markdownIt from 'markdown-it';
import { galleryPage, type StoredResults } from '../../src/claims';
import { HOSTILE } from '../text/hostile';

test('hostile names and titles of stored results are text on the gallery page', () => {
  for (const text of HOSTILE) {
    const machine = { cpu: text, cores: 1, memoryGiB: 1, os: 'o' };
    const provenance = { preset: text, seeds: [0], commit: text, machine, date: '2026-01-01' };
    const results: StoredResults = new Map([
      [text, { name: text, title: text, provenance, numbers: [], picture: true }],
    ]);
    const html = markdownIt({ html: true, linkify: true }).render(galleryPage(results));
    const tags = [...html.matchAll(/<(\w+)/g)].map(([, tag]) => tag);
    assert.deepEqual(
      tags.filter(tag => !['h1', 'h2', 'p', 'code', 'pre', 'img', 'em'].includes(tag)),
      [],
      html,
    );
    assert.equal(tags.filter(tag => tag === 'img').length, 1, html);
    assert.match(html, /<img src="\.\.\/figures\//);
  }
});
