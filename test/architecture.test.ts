import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, it } from 'node:test';

const source = join(import.meta.dirname, '..', 'src');
const MAX_LINES = 300;

/** From the outside in: a folder may import from those in later lines, and never from its own line or an earlier one. */
const LAYERS = [
  ['main.ts', 'self-test.ts'],
  ['commands'],
  ['ui'],
  ['explain'],
  ['review'],
  ['project'],
  ['sandbox', 'doctor'],
  ['plan', 'image', 'network', 'cgroup', 'audit'],
  ['launch', 'store', 'host', 'config'],
  ['linux'],
  ['version.ts', 'domain-error.ts'],
] as const satisfies readonly (readonly string[])[];

/** Only these turn what happened into text. */
const IMPORTERS_OF_UI = ['main.ts', 'commands', 'ui'];

function files(): string[] {
  return readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
}

function room(path: string): string {
  return path.split('/')[0] ?? path;
}

function layer(path: string): number {
  return LAYERS.findIndex((rooms: readonly string[]) => rooms.includes(room(path)));
}

/** The relative modules that `text` imports or exports from, types and `import()` included. */
function importsOf(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const specifiers = /(?:\bfrom\s*|\bimport\s*\(\s*|^\s*import\s*)(['"])(\.{1,2}\/[^'"]+)\1/gm;
  return [...code.matchAll(specifiers)].flatMap(([, , specifier]) => (specifier === undefined ? [] : [specifier]));
}

function edges(): { from: string; to: string }[] {
  return files().flatMap((from) =>
    importsOf(readFileSync(join(source, from), 'utf8')).map((specifier) => ({
      from,
      to: relative(source, join(source, dirname(from), specifier)),
    })),
  );
}

function mayImport(from: string, to: string): boolean {
  if (room(from) === room(to)) return true;
  if (room(to) === 'ui' && !IMPORTERS_OF_UI.includes(room(from))) return false;
  // main.ts and what stands beside it are one room.
  if (layer(from) === 0 && layer(to) === 0) return true;
  return layer(from) < layer(to);
}

describe('architecture', () => {
  it('finds imports of every form', () => {
    const text = `import { a } from './a.ts';\nimport type {\n  B,\n} from '../b.ts';\nexport { c } from './c.ts';
      import './d.ts';\nconst e = await import('./e.ts');\ntype F = import('./f.ts').F;\nimport g from 'node:fs';\n// from './h.ts'`;
    assert.deepEqual(importsOf(text), ['./a.ts', '../b.ts', './c.ts', './d.ts', './e.ts', './f.ts']);
  });

  it('has a place in the order for every file under src/', () => {
    assert.deepEqual(
      files().filter((path) => layer(path) === -1),
      [],
    );
  });

  it('imports in one direction: main, commands, project and sandbox, plan, launch and store, linux', () => {
    assert.ok(edges().some(({ from, to }) => from === 'self-test.ts' && to === 'linux/koffi.ts'));
    const wrong = edges().filter(({ from, to }) => !mayImport(from, to));
    assert.deepEqual(
      wrong.map(({ from, to }) => `${from} imports ${to}`),
      [],
    );
  });

  it('refuses the opposite direction, siblings, and ui from below', () => {
    assert.equal(mayImport('linux/errno.ts', 'launch/elf.ts'), false);
    assert.equal(mayImport('plan/ops.ts', 'image/reference.ts'), false);
    assert.equal(mayImport('plan/spec.ts', 'ui/table.ts'), false);
    assert.equal(mayImport('commands/run.ts', 'ui/table.ts'), true);
    assert.equal(mayImport('plan/ops.ts', 'linux/flags.ts'), true);
  });

  it(`has no file of more than ${MAX_LINES} lines`, () => {
    const long = files().filter((path) => readFileSync(join(source, path), 'utf8').split('\n').length - 1 > MAX_LINES);
    assert.deepEqual(long, []);
  });

  it('has no default exports', () => {
    const wrong = files().filter((path) =>
      /^export default\b|\bas default\b/m.test(readFileSync(join(source, path), 'utf8')),
    );
    assert.deepEqual(wrong, []);
  });
});
