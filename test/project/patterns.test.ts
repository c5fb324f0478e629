import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parsePatterns } from '../../src/project/patterns.ts';

const matches = (pattern: string, path: string): boolean => parsePatterns([pattern]).matches(path);

describe('patterns of files', () => {
  it('mean what glob(7) has them mean, name by name', () => {
    const cases: ReadonlyArray<readonly [pattern: string, path: string, expected: boolean]> = [
      ['package.json', 'package.json', true],
      ['package.json', 'web/package.json', false],
      ['./package.json', 'package.json', true],
      ['*.ts', 'main.ts', true],
      ['*.ts', 'src/main.ts', false],
      ['*', '.hidden', true],
      ['src/?.c', 'src/a.c', true],
      ['src/?.c', 'src/ab.c', false],
      ['[a-c]*', 'bread', true],
      ['[!a-c]*', 'bread', false],
      ['[]x]', ']', true],
      ['a+b.(c)', 'a+b.(c)', true],
      ['a.c', 'abc', false],
      ['[open', '[open', true],
      ['[z-a]', '[z-a]', true],
      ['*.{c,h}', 'a.h', true],
      ['*.{c,h}', 'a.o', false],
      ['{src,test}/**/*.ts', 'test/a/b.ts', true],
      ['größe-?', 'größe-€', true],
    ];
    for (const [pattern, path, expected] of cases) assert.equal(matches(pattern, path), expected, `${pattern} ${path}`);
  });

  it('reach any number of directories with **', () => {
    for (const path of ['src/a', 'src/a/b', 'src/.x/y/z']) assert(matches('src/**', path), path);
    assert(!matches('src/**', 'src'));
    assert(!matches('src/**', 'source/a'));
    for (const path of ['a.ts', 'x/a.ts', 'x/y/a.ts']) assert(matches('**/a.ts', path), path);
    assert(matches('a/**/b', 'a/b'));
    assert(!matches('a/**/b', 'a/bc'));
  });

  it('mean all that is in a directory which they mean', () => {
    assert(matches('src', 'src/deep/main.ts'));
    assert(matches('src/', 'src/main.ts'));
    assert(matches('packages/*/src', 'packages/api/src/main.ts'));
    assert(!matches('packages/*/src', 'packages/api/test/main.ts'));
  });

  it('tell below which directories it is worth to look', () => {
    const { mayMatchBelow } = parsePatterns(['src/**/*.ts', 'docs/*.md', 'Makefile']);
    for (const directory of ['', 'src', 'src/a/b', 'docs']) assert(mayMatchBelow(directory), directory);
    for (const directory of ['test', 'docs/deep', 'Makefile.d']) assert(!mayMatchBelow(directory), directory);
  });

  it('never leave out a directory that holds a match', () => {
    const name = fc.constantFrom('a', 'b', 'ab', '.a');
    const part = fc.constantFrom('a', 'b', '*', '?', '**', '[ab]', 'a*', '{a,b}');
    const path = fc.array(name, { minLength: 1, maxLength: 5 }).map((names) => names.join('/'));
    const pattern = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 3 }), path, (patterns, path) => {
        const parsed = parsePatterns(patterns);
        if (!parsed.matches(path)) return;
        const names = path.split('/');
        for (let count = 0; count < names.length; count++) {
          assert(parsed.mayMatchBelow(names.slice(0, count).join('/')), `${patterns} ${path} ${count}`);
        }
      }),
    );
  });
});
