import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { bundle } from '../../../build/bundle.ts';

const source = join(import.meta.dirname, '../../../src');

/** What `sandbox shell` and `run` read when nothing has changed: each is reached by `import()`, and imports the rest. */
const ENTRIES = [
  'main.ts',
  'commands/registry.ts',
  'commands/run.ts',
  'commands/shell.ts',
  'commands/do.ts',
  'commands/project/open.ts',
  'commands/project/prepare.ts',
  'commands/spec/start.ts',
  'project/find.ts',
  'project/record.ts',
  'project/stamp.ts',
];
const LOADED_LATER = ['zod', 'smol-toml', 'koffi', 'node:crypto'];

/** Gives the modules that a file needs before it is evaluated; types are none. */
function staticImports(path: string): string[] {
  const code = readFileSync(path, 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '');
  const statements = /^(?:import|export)\s+(?!type\b)(?:[^'";]*?\bfrom\s*)?'([^']+)'/gm;
  return [...code.matchAll(statements)].map(([, specifier = '']) => specifier);
}

/** Gives the packages that are reached, each with a way to it. */
function reached(entry: string): Map<string, string> {
  const found = new Map<string, string>();
  const seen = new Set<string>();
  const open = [{ path: join(source, entry), way: entry }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next.path)) continue;
    seen.add(next.path);
    for (const specifier of staticImports(next.path)) {
      const way = `${next.way} > ${specifier}`;
      if (specifier.startsWith('.')) open.push({ path: join(dirname(next.path), specifier), way });
      else if (!found.has(specifier)) found.set(specifier, way);
    }
  }
  return found;
}

describe('the way of a start when nothing has changed', () => {
  it('is followed through imports', () => {
    assert.ok(reached('project/load.ts').has('zod'));
    assert.ok(reached('project/load.ts').has('smol-toml'));
  });

  for (const entry of ENTRIES) {
    it(`does not load ${LOADED_LATER.join(', ')}: ${entry}`, () => {
      assert.ok(existsSync(join(source, entry)));
      const ways = reached(entry);
      assert.deepEqual(
        LOADED_LATER.flatMap((name) => ways.get(name) ?? []),
        [],
      );
    });
  }
});

describe('the first script of the executable', () => {
  it('has nothing of zod, which another one has', async () => {
    const { main, ...others } = await bundle();
    assert.ok(Object.values(others).some((script) => script.includes('ZodObject')));
    assert.ok(!main.includes('ZodObject'));
  });
});
