import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parse } from 'smol-toml';
import { editList, type Item, type ListEdit } from '../../../src/project/edit/edit-list.ts';

function edited(text: string, kind: ListEdit['kind'], items: readonly Item[], path = ['packages']): string {
  return editList(text, { path, kind, items }).text;
}

const FILE = `# The shop.
name = "shop"   # as on the sign

# packages, and why
packages = [
  "nodejs",   # for the app
  # not from Debian's backports
  "npm",
]
cache = ['apt']
limits = { memory = "2g",   cpus = 2 } # odd   spacing

# what takes long
[[steps]]
run = """
cp package.json  \\
  x
"""

[env]
A = "1"
[env.test]
extends = "default" # yes
`;

describe('a list of sandbox.toml', () => {
  it('gets an item on a line of its own where the others have one', () => {
    assert.equal(edited(FILE, 'add', ['git']), FILE.replace('  "npm",\n', '  "npm",\n  "git",\n'));
    const bare = FILE.replace('"npm",\n', '"npm" # last\n');
    assert.equal(
      edited(bare, 'add', ['git', 'jq']),
      bare.replace('"npm" #', '"npm", #').replace('last\n', 'last\n  "git",\n  "jq"\n'),
    );
  });

  it('gets an item on the line where all stand, with their quotes', () => {
    assert.equal(edited(FILE, 'add', ['npm'], ['cache']), FILE.replace("['apt']", "['apt', 'npm']"));
    assert.equal(edited('ports = [ 1, 2, ] # x', 'add', [3], ['ports']), 'ports = [ 1, 2, 3, ] # x');
    assert.equal(edited('packages = []', 'add', ['a', 'b']), 'packages = ["a", "b"]');
    assert.equal(edited('packages = [\n  # none yet\n]\n', 'add', ['a']), 'packages = [\n  # none yet\n  "a",\n]\n');
    assert.equal(edited('packages = ["a",\n  "b"]', 'add', ['c']), 'packages = ["a",\n  "b", "c"]');
  });

  it('loses an item with the line that it had, and nothing else', () => {
    assert.equal(edited(FILE, 'remove', ['nodejs']), FILE.replace('  "nodejs",   # for the app\n', ''));
    assert.equal(edited(FILE, 'remove', ['npm']), FILE.replace('  "npm",\n', ''));
    assert.equal(edited('packages = ["a", "b", "c"]', 'remove', ['a', 'c']), 'packages = ["b"]');
    assert.equal(edited('packages = ["a", "b", "c"]', 'remove', ['b', 'c']), 'packages = ["a", ]');
    assert.equal(edited('packages = [ "a" ]', 'remove', ['a']), 'packages = [  ]');
    assert.equal(edited('packages = ["a" # why\n, "b"]', 'remove', ['a']), 'packages = [ # why\n "b"]');
  });

  it('is made beside what it is like', () => {
    assert.equal(
      edited('image = "a" # x\n\n[env]\n', 'add', ['git']),
      'image = "a" # x\npackages = ["git"]\n\n[env]\n',
    );
    assert.equal(edited(FILE, 'add', [80], ['ports']), FILE.replace('\n]\n', '\n]\nports = [80]\n'));
    const test = FILE.replace('# yes\n', '# yes\npackages = ["git"]\n');
    assert.equal(edited(FILE, 'add', ['git'], ['env', 'test', 'packages']), test);
    assert.equal(
      edited('# steps\n[[steps]]\nrun = "a"', 'add', ['b']),
      'packages = ["b"]\n\n# steps\n[[steps]]\nrun = "a"',
    );
    assert.equal(edited('', 'add', ['b']), 'packages = ["b"]\n');
  });

  it('is found however its table is written', () => {
    const path = ['env', 'test', 'packages'];
    for (const [text, result] of [
      ['env.test.extends = "default"\n', 'env.test.extends = "default"\nenv.test.packages = ["a"]\n'],
      ['[env]\n  test.extends = "x"\n', '[env]\n  test.extends = "x"\n  test.packages = ["a"]\n'],
      ['[env]\ntest = { extends = "x" }\n', '[env]\ntest = { extends = "x", packages = ["a"] }\n'],
      ['env = { test = {} }', 'env = { test = { packages = ["a"] } }'],
      ['[env."test"]\n"packages" = []\n', '[env."test"]\n"packages" = ["a"]\n'],
      ['[env.test.limits]\ncpus = 1\n', '[env.test.limits]\ncpus = 1\n\n[env.test]\npackages = ["a"]\n'],
      ['[env.test]\r\nimage = "a"\r\n', '[env.test]\r\nimage = "a"\r\npackages = ["a"]\r\n'],
    ] as const) {
      assert.equal(edited(text, 'add', ['a'], path), result);
    }
  });

  it('stays as it is where nothing is to be done', () => {
    assert.deepEqual(editList(FILE, { path: ['packages'], kind: 'add', items: ['npm'] }), { text: FILE, items: [] });
    assert.deepEqual(editList(FILE, { path: ['packages'], kind: 'remove', items: ['git'] }), { text: FILE, items: [] });
    assert.deepEqual(editList(FILE, { path: ['ports'], kind: 'remove', items: [1] }), { text: FILE, items: [] });
  });

  it('is not touched where that could go wrong', () => {
    assert.throws(() => edited('env = { test.image = "a" }', 'add', ['b'], ['env', 'test', 'packages']), {
      code: 'INVALID',
      hint: 'edit it by hand: add b',
    });
  });
});

const blanks = fc.constantFrom('', ' ', '   ', '\t');
const remark = fc.constantFrom('', '# c', ' # a "quoted" ] comment, or two', '\t# [x]');
const lead = fc.constantFrom('', '  # lead\n', '\n', '# \'"""\n');
const item = fc.constantFrom('"nodejs"', "'npm'", '"g++"', '"a#b"', "'x]y'", '"""many"""', "'''it's'''", '"e\\"s\\\\"');
const element = fc.record({ item, before: blanks, after: blanks, remark, lead });

const array = fc
  .record({
    elements: fc.array(element, { maxLength: 4 }),
    shape: fc.constantFrom('line', 'lines', 'odd'),
    comma: fc.boolean(),
    end: blanks,
  })
  .map(({ elements, shape, comma, end }) => {
    const written = elements.map(({ item, before, after, remark, lead }, index) => {
      const separator = comma || index < elements.length - 1 ? ',' : '';
      if (shape === 'line') return `${before}${item}${after}${separator}`;
      if (shape === 'lines') return `${lead}${before}${item}${after}${separator}${remark}\n`;
      return `${before}${item}${remark}\n${lead}${separator}${after}`;
    });
    return `[${shape === 'lines' ? '\n' : ''}${written.join('')}${end}]`;
  });

const around = fc.constantFrom(
  ['', ''],
  ['# top\nname = "x"  # n\n', '# about steps\n[[steps]]\nrun = "x"\n'],
  [
    'limits = { memory = "2g",   cpus = 2 }\nd = """\nfoo # no comment\n[bar]\\\n"""\n',
    '\n\n[env]\nA="b"\n[env.t]\nextends="default"',
  ],
  ["\uFEFFw = '''\n[x]\n'''\n", '[command.x]  # c\nrun = [ "a" , "b" ]\nat = 1979-05-27 07:32:00\n# end'],
  ['[env.a]\npackages = ["other"]\n[env.t]\n', '[[env.t.steps]]\nrun = "packages = [1]"\n'],
);
const document = fc
  .record({ around, key: fc.constantFrom('packages', '"packages"', "'packages' "), equals: blanks, array, remark })
  .map(({ around: [before, after], key, equals, array, remark }) => ({
    text: `${before}${key}=${equals}${array}${remark}\n${after}`,
    before: `${before}${key}=${equals}[`,
    after: `]${remark}\n${after}`,
    path: before?.includes('[env.t]') ? ['env', 't', 'packages'] : ['packages'],
  }));

function comments(text: string): string[] {
  return text.split('\n').filter((line) => /^\s*#/.test(line));
}

function itemsAt(text: string, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, key) => Reflect.get(at as object, key), parse(text));
}

describe('any document', () => {
  it('has what it is to have after an edit, and every other character', () => {
    const change = fc.record({
      kind: fc.constantFrom('add' as const, 'remove' as const),
      items: fc.uniqueArray(fc.constantFrom('git', 'nodejs', 'npm', 'g++', 'e"s\\', "it's"), {
        minLength: 1,
        maxLength: 3,
      }),
    });
    fc.assert(
      fc.property(
        document,
        change,
        ({ text, before, after, path }, { kind, items }: { kind: ListEdit['kind']; items: readonly string[] }) => {
          const result = edited(text, kind, items, path);
          const present = itemsAt(text, path) as string[];
          const expected =
            kind === 'add'
              ? [...present, ...items.filter((one) => !present.includes(one))]
              : present.filter((one) => !items.includes(one));
          assert.deepEqual(itemsAt(result, path), expected);
          assert(result.startsWith(before) && result.endsWith(after), 'what is around the list');
          for (const line of comments(text))
            assert(
              comments(result).some((other) => other.endsWith(line.trim())),
              line,
            );
        },
      ),
      { numRuns: 3000 },
    );
  });
});
