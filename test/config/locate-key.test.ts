import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parse, stringify } from 'smol-toml';
import { locateKey } from '../../src/config/locate-key.ts';

const DOCUMENT = `\ufeffa = 1 # b = 2
"q.r" = { b = [1, "two", {c = 3}], 'd'.e = 4 }
s = """
[not]
a = "" \\""""
'lit"eral' = 'it'
[[steps]]
run = "x"
[[steps]] # [[steps]]
  run = 3
  list = [ # ]
    "]", '''
]''', 5,
  ]
  [steps.env]
  X = 1
[[steps.sub]]
name = "of the second"
[x.y]
z."w\\u0041" = 1
[x.'p.q' . r]
date = 2020-01-01T00:00:00Z
`;

const PLACES: ReadonlyArray<readonly [path: readonly string[], line: number, column: number]> = [
  [['a'], 1, 2],
  [['q.r'], 2, 1],
  [['q.r', 'b', '1'], 2, 19],
  [['q.r', 'b', '2', 'c'], 2, 27],
  [['q.r', 'd', 'e'], 2, 40],
  [['s'], 3, 1],
  [['lit"eral'], 6, 1],
  [['steps'], 7, 3],
  [['steps', '0', 'run'], 8, 1],
  [['steps', '1'], 9, 3],
  [['steps', '1', 'run'], 10, 3],
  [['steps', '1', 'list', '2'], 13, 7],
  [['steps', '1', 'env', 'X'], 16, 3],
  [['steps', '1', 'sub', '0', 'name'], 18, 1],
  [['x', 'y', 'z', 'wA'], 20, 3],
  [['x', 'p.q', 'r'], 21, 12],
  [['x', 'p.q', 'r', 'date'], 22, 1],
];

describe('locateKey', () => {
  for (const [path, line, column] of PLACES) {
    it(`finds ${path.join(' > ')}`, () => {
      assert.deepEqual(locateKey(DOCUMENT, path), { line, column });
    });
  }

  it('gives nothing for what is not there', () => {
    for (const path of [['b'], ['steps', '2'], ['steps', '0', 'env'], ['x', 'y', 'w'], ['a', 'b']]) {
      assert.equal(locateKey(DOCUMENT, path), undefined);
    }
  });

  it('finds every key of any document', () => {
    const name = fc.oneof(
      fc.constantFrom('a', 'b', 'a.b', 'c"d', "e'f", ''),
      fc.string({ unit: 'binary', maxLength: 4 }),
    );
    const usable = name.filter((text) => text.isWellFormed() && text !== '__proto__');
    const leaf = fc.oneof(
      fc.integer(),
      fc.boolean(),
      fc.string().filter((text) => text.isWellFormed()),
    );
    const { table } = fc.letrec<{ value: unknown; table: Record<string, unknown> }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        leaf,
        fc.array(leaf, { maxLength: 3 }),
        fc.array(tie('table'), { maxLength: 3 }),
        tie('table'),
      ),
      table: fc.dictionary(usable, tie('value'), { maxKeys: 4 }),
    }));
    fc.assert(
      fc.property(table, (document) => {
        const text = stringify(document);
        const lines = text.split('\n');
        for (const path of pathsOf(parse(text))) {
          const found = locateKey(text, path);
          if (found === undefined) assert.fail(`${JSON.stringify(path)} of\n${text}`);
          assert.ok(found.column <= (lines[found.line - 1] ?? '').length);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('ends, whatever it is given', () => {
    const piece = fc.constantFrom('[', ']', '{', '}', '"', "'", '"""', "'''", '=', '.', ',', '\n', '#', '\\', 'a', ' ');
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 40 }),
        fc.array(fc.constantFrom('a', '0', ''), { maxLength: 3 }),
        (text, path) => {
          locateKey(text.join(''), path);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('takes no longer for a deep path, or many tables', () => {
    const deep = `${'a.'.repeat(100_000)}a = 1\n${'[[t]]\nk = 1\n'.repeat(10_000)}`;
    const before = performance.now();
    assert.deepEqual(locateKey(deep, ['t', '9999', 'k']), { line: 20_001, column: 1 });
    assert.ok(performance.now() - before < 2000);
  });
});

function* pathsOf(value: unknown, path: readonly string[] = []): Generator<readonly string[]> {
  if (path.length > 0) yield path;
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inner] of Object.entries(value)) yield* pathsOf(inner, [...path, name]);
}
