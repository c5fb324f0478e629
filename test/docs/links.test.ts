import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

const repository = join(import.meta.dirname, '../..');
const pages = globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md', 'bench/**/*.md'], {
  cwd: repository,
  exclude: ['**/node_modules/**'],
});

/** A page without what is shown as code. */
function proseOf(page: string): string {
  const text = readFileSync(join(repository, page), 'utf8');
  return text.replace(/^(`{3,}).*\n[\s\S]*?^\1$/gm, '').replace(/`[^`\n]*`/g, 'code');
}

/** Targets of links: `[text](target)`, `![…](…)`, `[name]: target`, and HTML's. */
function linksOf(page: string): string[] {
  const found = proseOf(page).matchAll(/\]\(<?([^()\s>]+)>?[^()]*\)|^\[[^\]]+\]:\s+(\S+)|\b(?:href|src)="([^"]+)"/gm);
  return [...found].map(([, inline, reference, html]) => inline ?? reference ?? html ?? '');
}

/** Anchors of a page's headings, as GitHub makes them. */
function anchorsOf(page: string): string[] {
  const text = readFileSync(join(repository, page), 'utf8').replace(/^(`{3,}).*\n[\s\S]*?^\1$/gm, '');
  const seen = new Map<string, number>();
  return [...text.matchAll(/^#{1,6} +(.+?) *$/gm)].map(([, heading = '']) => {
    const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const anchor = words.replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '').replaceAll(' ', '-');
    const times = seen.get(anchor) ?? 0;
    seen.set(anchor, times + 1);
    return times === 0 ? anchor : `${anchor}-${times}`;
  });
}

test('every link of README.md and the other pages leads to a file, or a heading, that exists', () => {
  const broken: string[] = [];
  let checked = 0;
  for (const page of pages) {
    for (const link of linksOf(page)) {
      if (/^[a-z][a-z0-9+.-]*:/i.test(link)) continue;
      checked++;
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? page : join(dirname(page), path);
      if (!existsSync(join(repository, target))) broken.push(`${page}: ${link}`);
      else if (anchor && target.endsWith('.md') && !anchorsOf(target).includes(anchor)) broken.push(`${page}: ${link}`);
    }
  }
  assert.ok(pages.includes('README.md') && checked > 50, `${pages.length} pages, ${checked} links`);
  assert.deepEqual(broken, []);
});

test('every page of docs can be reached from README.md', () => {
  const reached = new Set(['README.md']);
  for (const page of reached) {
    for (const link of linksOf(page)) {
      const target = join(dirname(page), link.split('#')[0] ?? '');
      if (!link.includes(':') && target.endsWith('.md') && existsSync(join(repository, target))) reached.add(target);
    }
  }
  assert.deepEqual(
    pages.filter((page) => page.startsWith('docs/') && !reached.has(page)),
    [],
  );
});
