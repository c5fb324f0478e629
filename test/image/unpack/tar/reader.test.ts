/* The reader against archives that others wrote: GNU tar in all its formats, Python's tarfile, and against its own rules. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ImageError } from '../../../../src/image/error.ts';
import { needs } from '../../../packages.ts';
import {
  archive,
  base256,
  type Entry,
  entry,
  header,
  numberField,
  padded,
  paxHeader,
} from '../../../support/tar/raw.ts';
import { readArchive } from './read-archive.ts';

const PYTHON = `
import json, sys, tarfile, io
formats = {'pax': tarfile.PAX_FORMAT, 'gnu': tarfile.GNU_FORMAT, 'ustar': tarfile.USTAR_FORMAT}
spec = json.load(sys.stdin)
out = tarfile.open(fileobj=sys.stdout.buffer, mode='w|', format=formats[spec['format']], encoding='utf-8', errors='surrogateescape')
for e in spec['entries']:
    m = tarfile.TarInfo(bytes.fromhex(e['name']).decode('utf-8', 'surrogateescape'))
    m.linkname = bytes.fromhex(e['link']).decode('utf-8', 'surrogateescape')
    m.type = e['type'].encode()
    m.mode, m.uid, m.gid, m.mtime = e['mode'], e['uid'], e['gid'], e['mtime']
    data = bytes.fromhex(e['content'])
    m.size = len(data)
    if e['xattr']:
        m.pax_headers = {'SCHILY.xattr.user.x': bytes.fromhex(e['xattr']).decode('utf-8', 'surrogateescape')}
    out.addfile(m, io.BytesIO(data))
out.close()
`;

/** Bytes of names: no NUL, and no slash at an end, which tarfile takes off. */
const name = (longest: number) =>
  fc
    .uint8Array({ minLength: 1, maxLength: longest, min: 1 })
    .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0x2f ? 0x5f : byte))).toString('hex'));

const entryOf = (longest: number, largest: number, xattrs: boolean) =>
  fc.record({
    name: name(longest),
    link: name(longest),
    type: fc.constantFrom('0', '1', '2', '5', '6', '3', '4'),
    mode: fc.integer({ min: 0, max: 0o7777 }),
    uid: fc.integer({ min: 0, max: largest }),
    gid: fc.integer({ min: 0, max: largest }),
    mtime: fc.integer({ min: 0, max: 2 ** 33 - 1 }),
    content: fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes).toString('hex')),
    xattr: xattrs
      ? fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('hex'))
      : fc.constant(''),
  });

const TYPES: Readonly<Record<string, string>> = {
  '0': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
};
const pieces = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 5 });

describe('archives of tarfile', { skip: needs('python3') }, () => {
  for (const { format, longest, largest } of [
    { format: 'pax', longest: 400, largest: 2 ** 32 - 2 },
    { format: 'gnu', longest: 400, largest: 2 ** 32 - 2 },
    { format: 'ustar', longest: 90, largest: 0o7777776 },
  ]) {
    it(`are read as they were written, in the format ${format}`, () => {
      const entries = fc.array(entryOf(longest, largest, format === 'pax'), { minLength: 1, maxLength: 12 });
      const property = fc.property(entries, pieces, (written, sizes) => {
        const only = written.map((each) => (each.type === '0' ? each : { ...each, content: '' }));
        const tar = execFileSync('python3', ['-c', PYTHON], {
          input: JSON.stringify({ format, entries: only }),
          maxBuffer: 1e9,
        });
        const read = readArchive(tar, sizes);
        const shown = read.map((each) => ({
          name: Buffer.from(each.name, 'latin1')
            .toString('hex')
            .replace(/(?:2f)+$/, ''),
          type: each.type,
          mode: each.mode,
          uid: each.uid,
          gid: each.gid,
          mtime: each.seconds,
          content: each.content.toString('hex'),
          xattr: each.xattrs.map(({ value }) => value.toString('hex')).join(),
        }));
        const expected = only.map(({ link: _, ...each }) => ({ ...each, type: TYPES[each.type] }));
        assert.deepEqual(shown, expected);
        read.forEach(({ type, linkName }, index) => {
          if (type === 'hardlink' || type === 'symlink')
            assert.equal(Buffer.from(linkName, 'latin1').toString('hex'), only[index]?.link);
        });
      });
      fc.assert(property, { numRuns: 12 });
    });
  }
});

describe('archives of GNU tar', { skip: needs('tar') }, () => {
  const formats = ['v7', 'oldgnu', 'gnu', 'ustar', 'posix'];
  const sparse = [
    'gnu',
    'oldgnu',
    'posix --sparse-version=0.0',
    'posix --sparse-version=0.1',
    'posix --sparse-version=1.0',
  ];
  for (const format of [...formats, ...sparse.map((each) => `${each} --sparse`)]) {
    it(`are read as they were written: --format=${format}`, () => {
      const root = mkdtempSync(`${tmpdir()}/tar-test-`);
      try {
        mkdirSync(`${root}/d`);
        writeFileSync(`${root}/d/file`, 'content\n', { mode: 0o640 });
        linkSync(`${root}/d/file`, `${root}/d/hard`);
        symlinkSync('file', `${root}/d/soft`);
        writeFileSync(`${root}/big`, Buffer.alloc(70_000, 'xyz'));
        writeFileSync(`${root}/holes`, 'start');
        // More pieces than a header of the old form has room for.
        for (let index = 1; index <= 40; index++) {
          truncateSync(`${root}/holes`, index * 1_000_000);
          writeFileSync(`${root}/holes`, `piece ${index}`, { flag: 'a' });
        }
        truncateSync(`${root}/holes`, 50_000_000);
        if (format !== 'v7' && !format.startsWith('ustar')) writeFileSync(`${root}/${'n'.repeat(240)}`, 'long');
        utimesSync(`${root}/d/file`, 1_234_567_890, 1_234_567_890);
        const words = [...`--format=${format}`.split(' '), '-C', root, '-cf', '-', '.'];
        const tar = execFileSync('tar', words, { maxBuffer: 1e9 });
        const read = new Map(readArchive(tar, [4096, 511, 70_001]).map((each) => [each.name, each]));
        const file = [read.get('./d/file'), read.get('./d/hard')].find((each) => each?.type === 'file');
        const link = [read.get('./d/file'), read.get('./d/hard')].find((each) => each?.type === 'hardlink');
        assert.deepEqual([file?.content.toString(), file?.mode, file?.seconds], ['content\n', 0o640, 1_234_567_890]);
        assert.equal(link?.linkName, file?.name);
        assert.deepEqual([read.get('./d/soft')?.type, read.get('./d/soft')?.linkName], ['symlink', 'file']);
        assert.equal(read.get('./d/')?.type, 'directory');
        assert.ok(read.get('./big')?.content.equals(Buffer.alloc(70_000, 'xyz')));
        const holes = read.get('./holes');
        assert.equal(holes?.size, 50_000_000);
        assert.equal(
          holes?.extents !== undefined,
          format.endsWith('--sparse'),
          'whether it was written as a sparse file',
        );
        assert.equal(holes?.content.subarray(40_000_000, 40_000_008).toString(), 'piece 40');
        assert.equal(holes?.content.filter((byte) => byte !== 0).length, 5 + 9 * 7 + 31 * 8);
      } finally {
        rmSync(root, { recursive: true });
      }
    });
  }
});

describe('the tar reader', () => {
  const names = fc.array(
    fc.string({ minLength: 1, maxLength: 90 }).filter((each) => !each.includes('\0')),
    { maxLength: 8 },
  );

  it('reads the same whatever the pieces are', () => {
    fc.assert(
      fc.property(names, pieces, (list, sizes) => {
        const entries = list.map(
          (each, index): Entry => ({ name: `${index}`, content: each.repeat(index * 20), pax: { path: each } }),
        );
        const tar = archive(...entries);
        assert.deepEqual(readArchive(tar, sizes), readArchive(tar));
      }),
    );
  });

  it('answers any bytes with entries or with an ImageError, never with anything else', () => {
    const tar = archive(
      { name: 'a', content: 'x'.repeat(600), pax: { mtime: '1.5', 'SCHILY.xattr.user.a': 'b' } },
      { name: 'b' },
    );
    const changes = fc.array(fc.tuple(fc.nat(tar.length - 1), fc.nat(255)), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(changes, fc.nat(tar.length), (list, length) => {
        const bytes = Buffer.from(tar.subarray(0, length));
        for (const [at, byte] of list) if (at < length) bytes[at] = byte;
        // A header that was changed has the right checksum again, or nothing but that would be found.
        for (let at = 0; at + 512 <= length; at += 512) repair(bytes, at);
        try {
          readArchive(bytes, [700]);
        } catch (error) {
          assert.ok(error instanceof ImageError, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('reads numbers in octal and in base 256, of any sign', () => {
    const [huge, early, spaced] = readArchive(
      archive(
        header({
          name: 'a',
          type: 'directory',
          raw: { uid: base256(4_000_000_000n, 8), mtime: base256(2n ** 40n, 12) },
        }),
        header({ name: 'b', type: 'directory', raw: { mtime: base256(-5n, 12) } }),
        header({
          name: 'c',
          type: 'directory',
          raw: { mode: '  755 \0', uid: '\0'.repeat(8), mtime: '   17'.padEnd(12, '\0') },
        }),
      ),
    );
    assert.deepEqual([huge?.uid, huge?.seconds, early?.seconds], [4_000_000_000, 2 ** 40, -5]);
    assert.deepEqual([spaced?.mode, spaced?.uid, spaced?.seconds], [0o755, 0, 15]);
    assert.deepEqual(numberField(8, 8), Buffer.from('0000010\0'));
  });

  it('takes checksums of signed bytes, as old tars summed', () => {
    assert.equal(
      readArchive(archive(header({ name: Buffer.from([0xe9, 0xff]), checksum: 'signed' })))[0]?.name,
      'é\xff',
    );
  });

  it('gives entries without data none, whatever their size says, as Go does', () => {
    const read = readArchive(
      archive(header({ name: 'l', type: 'hardlink', linkName: 'x', size: 512 }), { name: 'next' }),
    );
    assert.deepEqual(
      read.map((each) => each.name),
      ['l', 'next'],
    );
  });

  it('takes an end without zeros, and whatever follows it', () => {
    assert.equal(readArchive(entry({ name: 'a' })).length, 1);
    assert.equal(readArchive(Buffer.alloc(0)).length, 0);
    assert.equal(readArchive(Buffer.concat([archive({ name: 'a' }), Buffer.from('garbage'.repeat(200))])).length, 1);
  });

  for (const [what, tar, message] of [
    ['a record without an end', [header({ name: 'p', type: 'x', size: 8 }), padded('9 path=a')], /malformed/],
    [
      'a record longer than its header',
      [header({ name: 'p', type: 'x', size: 9 }), padded('99 path=a\n')],
      /malformed/,
    ],
    ['a record without a length', [header({ name: 'p', type: 'x', size: 7 }), padded('path=a\n')], /malformed/],
    ['a size that is no number', [paxHeader({ size: '0x10' }), entry({ name: 'a' })], /no number/],
    ['a time that is no number', [paxHeader({ mtime: 'now' }), entry({ name: 'a' })], /no number/],
    [
      'overlapping pieces',
      [entry({ name: 'a', content: 'abc', pax: { 'GNU.sparse.size': '9', 'GNU.sparse.map': '0,2,1,1' } })],
      /leads out/,
    ],
    [
      'pieces behind the end',
      [entry({ name: 'a', content: 'abc', pax: { 'GNU.sparse.size': '4', 'GNU.sparse.map': '3,3' } })],
      /leads out/,
    ],
    [
      'pieces that are not its data',
      [entry({ name: 'a', content: 'abc', pax: { 'GNU.sparse.size': '9', 'GNU.sparse.map': '0,2' } })],
      /not that of its data/,
    ],
    ['an old sparse file outside of GNU', [entry({ name: 'a', type: 'S' })], /not GNU/],
    ['an extended header for nothing', [paxHeader({ path: 'a' })], /ends in the middle/],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.throws(() => readArchive(Buffer.concat([...tar])), { name: 'ImageError', code: 'UNPACK', message });
    });
  }
});

function repair(bytes: Buffer, at: number): void {
  if (bytes[at] === 0 || bytes.toString('latin1', at + 257, at + 262) !== 'ustar') return;
  bytes.fill(0x20, at + 148, at + 156);
  const sum = bytes.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1');
}
