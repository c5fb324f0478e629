/* Trees of any content: archive, and back by several readers. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compareTrees } from '../../../src/image/pack/compare.ts';
import { archiveOf, calls, NEEDS_ROOT, place, sealed, unpacked } from './support/trees.ts';

type Node =
  | { readonly kind: 'file'; readonly content: string; readonly xattrs: Readonly<Record<string, string>> }
  | { readonly kind: 'symlink'; readonly target: string }
  | { readonly kind: 'fifo' | 'whiteout' | 'link' }
  | { readonly kind: 'directory'; readonly xattrs: Readonly<Record<string, string>>; readonly entries: Entries };
type Entries = ReadonlyArray<readonly [name: string, node: Node, meta: Meta]>;
interface Meta {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly seconds: number;
}

/** Bytes in hexadecimal: names of any bytes, some of them long. */
const hexName = fc
  .oneof(
    fc.uint8Array({ minLength: 1, maxLength: 12 }),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).map((text) => Buffer.from(text)),
    fc.nat(255).map((length) => Buffer.alloc(Math.max(1, length), 'long')),
  )
  .map((bytes) => Buffer.from(bytes).subarray(0, 255))
  .filter(
    (bytes) => !bytes.includes(0) && !bytes.includes(0x2f) && !/^(?:\.\.?$|\.wh\.)/.test(bytes.toString('latin1')),
  )
  .map((bytes) => bytes.toString('hex'));
const hexTarget = fc
  .uint8Array({ minLength: 1, maxLength: 150 })
  .map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 0)))
  .filter((bytes) => bytes.length > 0)
  .map((bytes) => bytes.toString('hex'));
const meta: fc.Arbitrary<Meta> = fc.record({
  mode: fc.nat(0o7777),
  uid: fc.oneof(fc.nat(70_000), fc.constant(3_000_000)),
  gid: fc.nat(70_000),
  seconds: fc.oneof(fc.nat(2_000_000_000), fc.integer({ min: -100_000, max: 0 })),
});
const xattrs = fc.dictionary(
  fc.stringMatching(/^user\.[a-z=%.é]{1,8}$/).filter((name) => !name.startsWith('user.overlay.')),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('hex')),
  { maxKeys: 3 },
);
const { entries } = fc.letrec<{ entries: Entries; node: Node }>((tie) => ({
  entries: fc.uniqueArray(fc.tuple(hexName, tie('node'), meta), { selector: ([name]) => name, maxLength: 6 }),
  node: fc.oneof(
    { depthSize: 'small' },
    fc.record({ kind: fc.constant('file'), content: fc.string({ maxLength: 1500 }), xattrs }),
    fc.record({ kind: fc.constant('symlink'), target: hexTarget }),
    fc.record({ kind: fc.constantFrom('fifo', 'whiteout', 'link') }),
    fc.record({ kind: fc.constant('directory'), xattrs, entries: tie('entries') }),
  ) as fc.Arbitrary<Node>,
}));

/** Makes a tree of its description, in the order that is given; links are to the file that was made last. */
const MAKE = `
import json, os, sys
last = None
def entry(path, node, meta):
    global last
    kind = node['kind']
    if kind == 'link' and last is None: return
    if kind == 'file':
        with open(path, 'wb') as file: file.write(node['content'].encode('utf-8', 'surrogatepass'))
    elif kind == 'symlink': os.symlink(bytes.fromhex(node['target']), path)
    elif kind == 'fifo': os.mkfifo(path)
    elif kind == 'whiteout': os.mknod(path, 0o020000, 0)
    elif kind == 'link': os.link(last, path, follow_symlinks=False)
    else:
        os.mkdir(path)
        fill(path, node['entries'])
    if kind in ('whiteout', 'link'): return
    os.lchown(path, meta['uid'], meta['gid'])
    if kind != 'symlink': os.chmod(path, meta['mode'])
    for name, value in node.get('xattrs', {}).items():
        os.setxattr(path, name.encode(), bytes.fromhex(value))
    os.utime(path, (0, meta['seconds']), follow_symlinks=False)
    if kind == 'file': last = path
def fill(path, entries):
    for name, node, meta in entries:
        entry(os.path.join(path, bytes.fromhex(name)), node, meta)
root = sys.argv[1].encode()
os.mkdir(root)
fill(root, json.load(sys.stdin))
os.chmod(root, 0o755)
`;

function differencesOf(a: string, b: string): readonly unknown[] {
  const [first, second] = [openSync(a, 'r'), openSync(b, 'r')];
  try {
    return compareTrees(calls, first, second).differences;
  } finally {
    closeSync(first);
    closeSync(second);
  }
}

/** What Python's reader makes of an archive: names, kinds, contents. */
const PYTHON = `
import hashlib, io, json, sys, tarfile
with tarfile.open(fileobj=io.BytesIO(sys.stdin.buffer.read()), encoding='utf-8', errors='surrogateescape') as archive:
    for member in archive:
        content = hashlib.sha256(archive.extractfile(member).read()).hexdigest() if member.isreg() else ''
        name = member.name.encode('utf-8', 'surrogateescape').hex()
        print(json.dumps([name, member.type.decode(), oct(member.mode), member.uid, member.gid, int(member.mtime), content]))
`;
const FIND = `
import hashlib, json, os, stat, sys
first = {}
root = sys.argv[1].encode()
def walk(path):
    entries = []
    for name in os.listdir(os.path.join(root, path) if path else root):
        entries.append(os.path.join(path, name) if path else name)
    status = {each: os.lstat(os.path.join(root, each)) for each in entries}
    hidden = [each for each in entries if stat.S_ISCHR(status[each].st_mode)]
    for each in sorted(hidden):
        head, tail = os.path.split(each)
        print(json.dumps([os.path.join(head, b'.wh.' + tail).hex(), '0', '0o0', 0, 0, 0, hashlib.sha256(b'').hexdigest()]))
    for each in sorted(entries):
        if each in hidden: continue
        found = status[each]
        mode = found.st_mode
        kind = '5' if stat.S_ISDIR(mode) else '2' if stat.S_ISLNK(mode) else '6' if stat.S_ISFIFO(mode) else '0'
        if kind != '5' and found.st_nlink > 1 and first.setdefault(found.st_ino, each) != each: kind = '1'
        content = ''
        if kind == '0':
            with open(os.path.join(root, each), 'rb') as file: content = hashlib.sha256(file.read()).hexdigest()
        # Set-id bits of a FIFO mean nothing.
        facts = [oct(stat.S_IMODE(mode) & (0o777 if kind == '6' else 0o7777)), found.st_uid, found.st_gid, int(found.st_mtime), content]
        print(json.dumps([each.hex(), kind, *facts]))
        if kind == '5': walk(each)
walk(b'')
`;

describe('the archive of a tree', { skip: NEEDS_ROOT }, () => {
  it('unpacks to the same tree, and that has the same archive', (t) => {
    const path = place(t);
    let count = 0;
    fc.assert(
      fc.property(entries, (described) => {
        count += 1;
        const [source, again] = [`${path}/source${count}`, `${path}/again${count}`];
        const input = JSON.stringify(described);
        execFileSync('python3', ['-c', MAKE, source], { input });
        const { tree, diffId } = sealed(path, `tree${count}`, { upper: source });
        const archive = archiveOf(tree);
        assert.equal(`sha256:${createHash('sha256').update(archive).digest('hex')}`, diffId);
        assert.deepEqual(unpacked(archive, again), []);
        assert.deepEqual(differencesOf(tree, again), []);
        assert.ok(archiveOf(again).equals(archive));
        const python = execFileSync('python3', ['-c', PYTHON], { input: archive, encoding: 'utf8' });
        assert.equal(python, execFileSync('python3', ['-c', FIND, tree], { encoding: 'utf8' }));
        for (const each of [tree, again]) rmSync(each, { recursive: true });
      }),
      { numRuns: 12, interruptAfterTimeLimit: 60_000, markInterruptAsFailure: false },
    );
  });

  it('is extracted by GNU tar, attributes and all', (t) => {
    const path = place(t);
    const described: Entries = [
      [
        '61',
        { kind: 'directory', xattrs: { 'user.d': '0001ff' }, entries: [] },
        { mode: 0o2711, uid: 1, gid: 2, seconds: 5 },
      ],
      [
        '62',
        { kind: 'file', content: 'x'.repeat(3000), xattrs: { 'user.a': '000a3d' } },
        { mode: 0o4755, uid: 3, gid: 4, seconds: 6 },
      ],
      [Buffer.from('ü\n').toString('hex'), { kind: 'link' }, { mode: 0, uid: 0, gid: 0, seconds: 0 }],
      [
        '66ff',
        { kind: 'symlink', target: Buffer.from('/etc/../x').toString('hex') },
        { mode: 0, uid: 7, gid: 8, seconds: 9 },
      ],
      [
        Buffer.alloc(200, 'n').toString('hex'),
        { kind: 'fifo' },
        { mode: 0o600, uid: 70_000, gid: 3_000_000, seconds: 10 },
      ],
    ];
    execFileSync('python3', ['-c', MAKE, `${path}/source`], { input: JSON.stringify(described) });
    const { tree } = sealed(path, 'tree', { upper: `${path}/source` });
    writeFileSync(`${path}/archive.tar`, archiveOf(tree));
    mkdirSync(`${path}/again`, { mode: 0o755 });
    const words = ['-x', '-p', '--xattrs', '--xattrs-include=*', '--numeric-owner', '-C', `${path}/again`];
    execFileSync('tar', [...words, '-f', `${path}/archive.tar`]);
    assert.deepEqual(differencesOf(tree, `${path}/again`), []);
  });
});
