/* What a layer says is on disk exactly: owners, modes, times, links, attributes, whiteouts; under both kinds of accounts. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { archive, type Entry, entry, gnuLong, layerBlob, paxHeader } from '../../support/tar/raw.ts';
import { ACCOUNTS, assertRefused, type Case, type CaseResult, treeOf, unpackCases } from './support/cases.ts';

/** struct vfs_cap_data of capability.h: revision 2, effective, cap_net_raw. */
const CAPABILITY = Buffer.from('0100000200200000000000000000000000000000', 'hex');
const latin1 = (text: string) => Buffer.from(text).toString('latin1');
const directory = (name: string, more: Partial<Entry> = {}): Entry => ({ name, type: 'directory', ...more });

const CASES = {
  plain: {
    layers: () => [
      layerBlob(
        archive(
          directory('etc/', { mtime: 1_500_000_000 }),
          { name: 'etc/motd', content: 'hello\n', mode: 0o640, mtime: 1_500_000_001 },
          { name: 'old', type: '\0', content: 'v7', format: 'v7' },
          { name: 'olddir/', type: '\0', format: 'v7', mode: 0o700 },
          { name: 'contiguous', type: 'contiguous', content: 'c' },
          { name: 'empty' },
          { name: 'prefixed', prefix: 'some/where', content: 'p' },
        ),
        'gzip',
      ),
    ],
  },
  'several gzip members': {
    layers: () => {
      const tar = archive({ name: 'a', content: Buffer.alloc(700_000, 'ab') });
      const [one, two] = [tar.subarray(0, 300_000), tar.subarray(300_000)];
      const blob = Buffer.concat([layerBlob(one, 'gzip').blob, layerBlob(two, 'gzip').blob]);
      return [{ blob, compression: 'gzip' as const, diffId: layerBlob(tar).diffId }];
    },
  },
  'several zstd frames': {
    layers: () => {
      const tar = archive({ name: 'a', content: Buffer.alloc(700_000, 'ab') });
      const parts = Array.from({ length: 8 }, (_, i) =>
        tar.subarray(i * 100_000, i === 7 ? undefined : (i + 1) * 100_000),
      );
      const skippable = Buffer.from('502a4d180400000000000000', 'hex');
      const blob = Buffer.concat(parts.flatMap((part) => [layerBlob(part, 'zstd').blob, skippable]));
      return [{ blob, compression: 'zstd' as const, diffId: layerBlob(tar).diffId }];
    },
  },
  modes: {
    layers: () => [
      archive(
        ...[0o4755, 0o2755, 0o6711, 0o1644, 0, 0o777].map(
          (mode): Entry => ({ name: `f${mode.toString(8)}`, mode, content: 'x' }),
        ),
        ...[0o1777, 0o2775, 0o700, 0o555, 0].map((mode): Entry => directory(`d${mode.toString(8)}/`, { mode })),
        { name: 'd2775/inside', content: 'x' },
        { name: 'd555/inside', content: 'x' },
        { name: 'd0/inside', content: 'x' },
      ),
    ],
  },
  owners: {
    layers: () => [
      archive(
        { name: 'app', uid: 1000, gid: 50, mode: 0o6755, content: 'x' },
        directory('home/', { uid: 1000, gid: 1000 }),
        { name: 'home/link', type: 'symlink', linkName: 'x', uid: 1000, gid: 1001 },
        { name: 'fifo', type: 'fifo', uid: 5, gid: 6, mode: 0o620 },
        { name: 'last', uid: 65_535, gid: 65_535 },
        { name: 'dev/null', type: 'character', device: [1, 3], mode: 0o666, gid: 5 },
        { name: 'dev/sda', type: 'block', device: [8, 0], mode: 0o660, gid: 6 },
      ),
    ],
  },
  'too high an owner': { layers: () => [archive({ name: 'x', uid: 70_000, gid: 70_001 })] },
  times: {
    layers: () => [
      archive(
        { name: 'ns', pax: { mtime: '1700000000.123456789' } },
        { name: 'before', pax: { mtime: '-1.25' } },
        { name: '1960', mtime: -315_000_000, format: 'gnu' },
        { name: '2100', mtime: 4_102_444_800 },
        directory('d/', { pax: { mtime: '1234.5' } }),
        { name: 'd/later' },
        { name: 'link', type: 'symlink', linkName: 'd', pax: { mtime: '99.000000001' } },
        paxHeader({ mtime: '77' }, 'g'),
        { name: 'global' },
      ),
    ],
  },
  links: {
    layers: () => [
      archive(
        { name: 'a', content: 'same', mode: 0o4755 },
        { name: 'b', type: 'hardlink', linkName: './a' },
        { name: 'c', type: 'hardlink', linkName: '/a', size: 4 },
        { name: 'dangling', type: 'symlink', linkName: '/no/such' },
        { name: 'loop', type: 'symlink', linkName: 'loop' },
        { name: 'up', type: 'symlink', linkName: '../../../x' },
        { name: 'long', type: 'symlink', pax: { linkpath: `/${'x'.repeat(3000)}` } },
        { name: 'tolink', type: 'hardlink', linkName: 'dangling' },
        { name: 'early', type: 'hardlink', linkName: 'late' },
        { name: 'late', content: 'late' },
        { name: 'self', content: 's' },
        { name: 'self', type: 'hardlink', linkName: 'self' },
      ),
    ],
  },
  names: {
    layers: () => [
      archive(
        ...[
          '日本語',
          '🦀',
          'e\u0301',
          '\u00e9',
          'with space',
          'quo\'te"',
          'back\\slash',
          'new\nline',
          '-dash',
          '*',
          '.wh',
          'wh.not',
          '...',
        ].map((name): Entry => ({ name, content: name })),
        { name: Buffer.from([0x62, 0xff, 0xfe, 0x80]), content: 'bytes' },
        entry({ name: 'short', pax: { path: Buffer.from([0x70, 0xff, 0x01]) }, content: 'pax bytes' }),
        Buffer.concat([
          gnuLong('L', Buffer.concat([Buffer.from('l'.repeat(200)), Buffer.from([0xe9])])),
          entry({ name: 'l', content: 'gnu' }),
        ]),
        { name: 'x', content: 'long', pax: { path: `${'d'.repeat(200)}/${'e'.repeat(255)}` } },
        { name: './/dot/./slash//x/../y', content: 'y' },
      ),
    ],
  },
  xattrs: {
    layers: () => [
      archive(
        { name: 'cap', content: 'x', uid: 7, mode: 0o755, pax: { 'SCHILY.xattr.security.capability': CAPABILITY } },
        {
          name: 'user',
          content: 'x',
          pax: { 'SCHILY.xattr.user.a': Buffer.from([0, 255, 10]), 'SCHILY.xattr.user.empty': '' },
        },
        {
          name: 'bsd',
          content: 'x',
          pax: { 'LIBARCHIVE.xattr.user.with%20space': Buffer.from([1, 0, 254]).toString('base64').replace(/=+$/, '') },
        },
        directory('d/', { pax: { 'SCHILY.xattr.user.d': 'd' } }),
        directory('twice/', { pax: { 'SCHILY.xattr.user.first': '1' } }),
        directory('twice/', { pax: { 'SCHILY.xattr.user.second': '2' } }),
      ),
    ],
  },
  duplicates: {
    layers: () => [
      archive(
        { name: 'f', content: 'first', mode: 0o600 },
        { name: 'f', content: 'second', mode: 0o644 },
        directory('d/', { mode: 0o700 }),
        { name: 'd/kept', content: 'k' },
        directory('d/', { mode: 0o711, mtime: 5, uid: 3 }),
        directory('tree/'),
        { name: 'tree/a/b/c', content: 'c' },
        { name: 'tree', content: 'now a file' },
        { name: 'file', content: 'x' },
        directory('file/', { mode: 0o750 }),
        { name: 'l', type: 'symlink', linkName: 'f' },
        directory('l/'),
        { name: 'implied/x' },
        directory('implied/', { mode: 0o701, mtime: 9 }),
        directory('./', { mode: 0o711, mtime: 44 }),
      ),
    ],
  },
  'through links': {
    layers: () => [
      archive(
        directory('usr/lib/', { mtime: 3 }),
        { name: 'lib', type: 'symlink', linkName: 'usr/lib' },
        { name: 'lib/a', content: 'a' },
        directory('lib/sub/', { mode: 0o700, mtime: 4 }),
        { name: 'usr/lib/sub/b', content: 'b' },
        { name: 'to-nothing', type: 'symlink', linkName: '/made/later' },
        { name: 'to-nothing/x', content: 'x' },
      ),
    ],
  },
  whiteouts: {
    layers: () => [
      archive(
        directory('d/'),
        { name: 'd/.wh.gone' },
        { name: 'd/stays', content: 's' },
        { name: 'd/.wh.stays' },
        { name: 'd/.wh.returns' },
        { name: 'd/returns', content: 'r' },
        { name: 'd/.wh.dir1' },
        { name: 'd/dir1/x', content: 'x' },
        { name: 'd/dir2/x', content: 'x' },
        { name: 'd/.wh.dir2' },
        { name: 'd/.wh.dir3' },
        directory('d/dir3/', { mode: 0o700 }),
        { name: 'op1/.wh..wh..opq' },
        directory('op1/', { mode: 0o711, mtime: 8 }),
        { name: 'op1/x' },
        directory('op2/'),
        { name: 'op2/x' },
        { name: 'op2/.wh..wh..opq' },
      ),
    ],
  },
  sparse: {
    layers: () => [
      archive(
        Buffer.concat([
          paxHeader({
            'GNU.sparse.major': '1',
            'GNU.sparse.minor': '0',
            'GNU.sparse.name': 'one',
            'GNU.sparse.realsize': '20000000',
          }),
          entry({
            name: 'GNUSparseFile.0/one',
            content: Buffer.concat([Buffer.from('2\n0\n3\n19999997\n3\n'.padEnd(512, '\0')), Buffer.from('abcxyz')]),
          }),
        ]),
        entry({
          name: 'zero',
          pax: [
            ['GNU.sparse.size', '9000000'],
            ['GNU.sparse.numblocks', '1'],
            ['GNU.sparse.offset', '8999998'],
            ['GNU.sparse.numbytes', '2'],
          ],
          content: 'zz',
        }),
        entry({
          name: 'map',
          pax: { 'GNU.sparse.name': 'map', 'GNU.sparse.size': '10', 'GNU.sparse.map': '1,2,5,1' },
          content: 'abc',
        }),
      ),
    ],
  },
  'implied directories': {
    layers: () => [
      archive(
        directory('opt/', { mode: 0o711, uid: 12, mtime: 1000, pax: { 'SCHILY.xattr.user.o': '1', mtime: '1000.5' } }),
        directory('opt/deep/', { mode: 0o2750, mtime: 2000 }),
        { name: 'opt/file', content: 'original', mode: 0o4711, mtime: 3000, pax: { 'SCHILY.xattr.user.f': '1' } },
        { name: 'opt/link', type: 'symlink', linkName: 'file', mtime: 4000 },
        directory('cut/', { mode: 0o700 }),
        directory('cut/in/', { mode: 0o700 }),
        { name: 'sym', type: 'symlink', linkName: 'opt' },
      ),
      archive({ name: 'cut/.wh..wh..opq' }, directory('cut/', { mode: 0o705, mtime: 1 })),
      archive(
        { name: 'opt/deep/new', content: 'n' },
        { name: 'cut/in/new', content: 'n' },
        { name: 'sym/new', content: 'n' },
        { name: 'nowhere/new', content: 'n' },
        directory('links/', { mtime: 70 }),
        { name: 'links/hard', type: 'hardlink', linkName: 'opt/file' },
        { name: 'links/soft', type: 'hardlink', linkName: 'opt/link' },
        { name: 'links/again', type: 'hardlink', linkName: 'opt/file' },
      ),
    ],
  },
  'an opaque root': {
    layers: () => [
      archive(directory('a/'), { name: 'a/x' }, { name: 'f' }, directory('both/'), { name: 'both/below' }),
      archive({ name: '.wh..wh..opq' }, directory('both/'), { name: 'both/mine' }),
    ],
  },
} satisfies Record<string, Case>;

for (const { kind, skip } of ACCOUNTS) {
  describe(`unpacking layers, ${kind} ids`, { skip }, () => {
    let results: Record<keyof typeof CASES, CaseResult>;
    before(async () => {
      results = await unpackCases(kind, CASES);
    });
    const tree = (name: keyof typeof CASES) => treeOf(results[name]);
    const owner = (uid: number, gid: number) => (kind === 'bare' ? [0, 0] : [uid, gid]);

    it('reads every older form of header', () => {
      const { etc, old, olddir, contiguous, empty, ...rest } = tree('plain');
      assert.deepEqual([rest['etc/motd']?.content, rest['etc/motd']?.mode], ['hello\n', 0o640]);
      assert.deepEqual([rest['etc/motd']?.mtime, etc?.mtime], ['1500000001.000000000', '1500000000.000000000']);
      assert.deepEqual([old?.content, contiguous?.content, empty?.size], ['v7', 'c', 0]);
      assert.deepEqual([olddir?.type, olddir?.mode], ['directory', 0o700]);
      assert.equal(rest['some/where/prefixed']?.content, 'p');
    });

    it('goes on behind the first member of a gzip file and the first frame of a zstd file', () => {
      assert.equal(tree('several gzip members').a?.size, 700_000);
      assert.equal(tree('several zstd frames').a?.size, 700_000);
    });

    it('keeps modes with set-user-id, set-group-id and sticky, whatever the umask', () => {
      const found = tree('modes');
      for (const mode of [0o4755, 0o2755, 0o6711, 0o1644, 0, 0o777])
        assert.equal(found[`f${mode.toString(8)}`]?.mode, mode);
      for (const mode of [0o1777, 0o2775, 0o700, 0o555, 0]) assert.equal(found[`d${mode.toString(8)}`]?.mode, mode);
      assert.equal(found['d2775/inside']?.gid, 0);
      assert.ok(found['d555/inside'] && found['d0/inside']);
    });

    it('keeps owners where ids can be mapped, and makes devices empty files of mode 0', () => {
      const found = tree('owners');
      const owners = (path: string) => [found[path]?.uid, found[path]?.gid];
      assert.deepEqual(owners('app'), owner(1000, 50));
      assert.equal(found.app?.mode, 0o6755);
      assert.deepEqual(owners('home'), owner(1000, 1000));
      assert.deepEqual(owners('home/link'), owner(1000, 1001));
      assert.deepEqual([...owners('fifo'), found.fifo?.type, found.fifo?.mode], [...owner(5, 6), 'fifo', 0o620]);
      assert.deepEqual(owners('last'), owner(65_535, 65_535));
      for (const path of ['dev/null', 'dev/sda'])
        assert.deepEqual([found[path]?.type, found[path]?.mode, found[path]?.size], ['file', 0, 0]);
      assert.deepEqual(owners('dev/sda'), owner(0, 6));
    });

    it('names the id and the entry where an owner is beyond the mapping', () => {
      const result = results['too high an owner'];
      if (kind === 'bare') assert.deepEqual([treeOf(result).x?.uid, treeOf(result).x?.gid], [0, 0]);
      else assertRefused(result, /entry "x" is refused: it belongs to 70000:70001/);
    });

    it('keeps times, with nanoseconds and before 1970', () => {
      const found = tree('times');
      const mtimes = ['ns', 'before', '1960', '2100', 'd', 'link', 'global'].map((name) => found[name]?.mtime);
      assert.deepEqual(mtimes, [
        '1700000000.123456789',
        '-2.750000000',
        '-315000000.000000000',
        '4102444800.000000000',
        '1234.500000000',
        '99.000000001',
        '77.000000000',
      ]);
    });

    it('keeps hard links, those to symbolic links and to later entries too, and symbolic links as they are', () => {
      const found = tree('links');
      assert.deepEqual(
        [found.a?.inode, found.b?.inode, found.a?.links, found.a?.mode],
        [found.c?.inode, found.a?.inode, 3, 0o4755],
      );
      assert.deepEqual(
        [found.dangling?.target, found.loop?.target, found.up?.target],
        ['/no/such', 'loop', '../../../x'],
      );
      assert.equal(found.long?.target?.length, 3001);
      assert.deepEqual([found.tolink?.type, found.tolink?.inode], ['symlink', found.dangling?.inode]);
      assert.equal(found.early?.inode, found.late?.inode);
      assert.equal(found.self?.content, 's');
    });

    it('keeps names of any bytes', () => {
      const found = tree('names');
      for (const name of ['日本語', '🦀', 'e\u0301', '\u00e9', 'new\nline', '*', '.wh', 'wh.not', '...', 'back\\slash'])
        assert.equal(found[latin1(name)]?.content, latin1(name), name);
      assert.equal(found['b\xff\xfe\x80']?.content, 'bytes');
      assert.equal(found['p\xff\x01']?.content, 'pax bytes');
      assert.equal(found[`${'l'.repeat(200)}\xe9`]?.content, 'gnu');
      assert.equal(found[`${'d'.repeat(200)}/${'e'.repeat(255)}`]?.content, 'long');
      assert.equal(found['dot/slash/y']?.content, 'y');
    });

    it('keeps user attributes and file capabilities, and takes those of an earlier entry away', () => {
      const found = tree('xattrs');
      // Read inside the namespace, a capability of its own root is one of revision 2 again: capabilities(7).
      assert.deepEqual(found.cap?.xattrs, { 'security.capability': CAPABILITY.toString('latin1') });
      assert.deepEqual(found.user?.xattrs, { 'user.a': '\0\xff\n', 'user.empty': '' });
      assert.deepEqual(found.bsd?.xattrs, { 'user.with space': '\x01\0\xfe' });
      assert.deepEqual(found.d?.xattrs, { 'user.d': 'd' });
      assert.deepEqual(found.twice?.xattrs, { 'user.second': '2' });
    });

    it('lets the later entry win, and makes one directory of two', () => {
      const found = tree('duplicates');
      assert.deepEqual([found.f?.content, found.f?.mode], ['second', 0o644]);
      assert.deepEqual([found.d?.mode, found.d?.mtime, found['d/kept']?.content], [0o711, '5.000000000', 'k']);
      assert.equal(found.d?.uid, owner(3, 0)[0]);
      assert.deepEqual([found.tree?.content, found['tree/a']], ['now a file', undefined]);
      assert.deepEqual([found.file?.type, found.file?.mode], ['directory', 0o750]);
      assert.equal(found.l?.type, 'directory');
      assert.deepEqual([found.implied?.mode, found.implied?.mtime], [0o701, '9.000000000']);
      assert.deepEqual([found['']?.mode, found['']?.mtime], [0o711, '44.000000000']);
      const [outcome] = results.duplicates.outcomes;
      assert.equal(
        outcome && 'reliesOnLower' in outcome && outcome.reliesOnLower,
        false,
        'what was implied is gone, or has an entry now',
      );
    });

    it('follows the symbolic links of the layer as a process in it would', () => {
      const found = tree('through links');
      assert.equal(found.lib?.type, 'symlink');
      assert.equal(found['usr/lib/a']?.content, 'a');
      assert.deepEqual([found['usr/lib/sub']?.mode, found['usr/lib/sub']?.mtime], [0o700, '4.000000000']);
      assert.equal(found['usr/lib']?.mtime, '3.000000000');
      assert.equal(found['made/later/x']?.content, 'x');
    });

    it('makes whiteouts of what is deleted below, and never of what the layer has itself', () => {
      const found = tree('whiteouts');
      const opaque = { 'user.overlay.opaque': 'y' };
      assert.equal(found['d/gone']?.type, 'whiteout');
      assert.equal(found['d/stays']?.content, 's');
      assert.equal(found['d/returns']?.content, 'r');
      for (const path of ['d/dir1', 'd/dir2', 'd/dir3', 'op1', 'op2'])
        assert.deepEqual(found[path]?.xattrs, opaque, path);
      assert.equal(found['d/dir1/x']?.content, 'x');
      assert.equal(found['d/dir3']?.mode, 0o700);
      assert.deepEqual([found.op1?.mode, found.op1?.mtime], [0o711, '8.000000000']);
      assert.ok(found['op1/x'] && found['op2/x']);
      assert.deepEqual(found.d?.xattrs, {});
    });

    it('writes sparse files with their holes', () => {
      const found = tree('sparse');
      assert.equal(found.one?.size, 20_000_000);
      assert.ok((found.one?.blocks ?? Infinity) <= 64);
      assert.deepEqual([found.zero?.size, (found.zero?.blocks ?? Infinity) <= 32], [9_000_000, true]);
      assert.equal(found.map?.content, '\0ab\0\0c\0\0\0\0');
    });

    it('gives directories without an entry the metadata of the layer below, and copies files up for hard links', () => {
      const result = results['implied directories'];
      const found = treeOf(result);
      assert.deepEqual(
        result.outcomes.map((each) => 'reliesOnLower' in each && each.reliesOnLower),
        [false, false, true],
      );
      assert.deepEqual([found.opt?.mode, found.opt?.uid, found.opt?.mtime], [0o711, owner(12, 0)[0], '1000.500000000']);
      assert.deepEqual(found.opt?.xattrs, { 'user.o': '1' });
      assert.deepEqual([found['opt/deep']?.mode, found['opt/deep']?.mtime], [0o2750, '2000.000000000']);
      assert.deepEqual([found.cut?.mode, found.cut?.xattrs], [0o705, {}], 'of the layer that is opaque there');
      assert.equal(found['cut/in']?.mode, 0o755, 'what an opaque directory hides is not taken from');
      assert.deepEqual([found.sym?.type, found.sym?.mode], ['directory', 0o755]);
      assert.equal(found.nowhere?.mode, 0o755);
      const { 'opt/file': file, 'links/hard': hard, 'links/again': again, 'links/soft': soft } = found;
      assert.deepEqual(
        [file?.content, file?.mode, file?.mtime, file?.xattrs],
        ['original', 0o4711, '3000.000000000', { 'user.f': '1' }],
      );
      assert.deepEqual([hard?.inode, again?.inode, file?.links], [file?.inode, file?.inode, 3]);
      assert.deepEqual([soft?.type, soft?.target, soft?.mtime], ['symlink', 'file', '4000.000000000']);
      assert.equal(found.links?.mtime, '70.000000000');
    });

    it('makes whiteouts of everything below an opaque root', () => {
      const found = tree('an opaque root');
      assert.deepEqual([found.a?.type, found.f?.type], ['whiteout', 'whiteout']);
      assert.deepEqual([found.both?.type, found.both?.xattrs], ['directory', { 'user.overlay.opaque': 'y' }]);
    });
  });
}
