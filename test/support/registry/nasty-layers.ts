import type { Bytes } from '../tar/raw.ts';
import { archive, type Member } from '../tar/write.ts';
import { CAP_NET_RAW } from './odd-layer.ts';

const file = (name: Bytes, data: Bytes = '', more: Partial<Member> = {}): Member => ({ name, data, ...more });
const directory = (name: Bytes, more: Partial<Member> = {}): Member => ({ name, kind: 'directory', ...more });
const symlink = (name: Bytes, link: Bytes, more: Partial<Member> = {}): Member => ({
  name,
  kind: 'symlink',
  link,
  ...more,
});
const hardlink = (name: Bytes, link: Bytes): Member => ({ name, kind: 'hardlink', link });

const NOT_UTF8 = Buffer.from([0x6c, 0x61, 0x74, 0x69, 0x6e, 0x2d, 0xe9, 0xff]);

/** Bytes in a directory of the archive. */
function within(directory: string, name: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${directory}/`), name]);
}

/** What the upper layer changes, and a program that can be run. */
export function lowerNastyLayer(busybox: Uint8Array): Buffer {
  return archive([
    directory('./', { mode: 0o751, mtime: '1600000000.5' }),
    ...['bin', 'dev', 'proc', 'sys', 'tmp', 'etc'].map((name) => directory(name)),
    file('bin/busybox', busybox, { mode: 0o755 }),
    file('etc/passwd', 'root:x:0:0:root:/:/bin/sh\n'),

    directory('whiteouts'),
    ...['gone', 'again-before', 'again-after', 'kept'].map((name) => file(`whiteouts/${name}`, 'lower\n')),
    directory('whiteouts/gone-directory'),
    file('whiteouts/gone-directory/inside', 'lower\n'),
    symlink('whiteouts/gone-link', 'kept'),

    ...['opaque-first', 'opaque-last', 'opaque-nested', 'opaque-empty'].flatMap((name) => [
      directory(name, { mode: 0o711, uid: 3 }),
      file(`${name}/lower`, 'lower\n'),
      directory(`${name}/both`),
      file(`${name}/both/lower`, 'lower\n'),
    ]),

    directory('kinds'),
    file('kinds/file-to-directory', 'lower\n'),
    directory('kinds/directory-to-file'),
    file('kinds/directory-to-file/inside', 'lower\n'),
    directory('kinds/directory-to-link'),
    file('kinds/directory-to-link/inside', 'lower\n'),
    symlink('kinds/link-to-file', 'file-to-directory'),
    { name: 'kinds/pipe-to-file', kind: 'fifo' },
    file('kinds/file-to-pipe', 'lower\n'),

    directory('implied', { mode: 0o2750, uid: 7, gid: 8, mtime: '1500000000.25', xattrs: { 'user.implied': 'lower' } }),
    directory('implied/inner', { mode: 0o1777, uid: 9, gid: 10, mtime: 1_400_000_000 }),
    file('implied/inner/lower', 'lower\n'),

    directory('links'),
    file('links/lower', 'a file of the lower layer\n', { uid: 11, mode: 0o4711, mtime: '1650000000.75' }),
    file('links/pair', 'a pair of the lower layer\n'),
    hardlink('links/pair-too', 'links/pair'),
  ]);
}

/** The pieces of a sparse file, and its size. */
export const SPARSE = {
  size: 3 * 2 ** 20,
  pieces: [
    { offset: 4096, data: 'first' },
    { offset: 2 ** 20, data: 'm'.repeat(70_000) },
    { offset: 3 * 2 ** 20, data: '' },
  ],
} as const;

/** What umoci does not do, or not right: tests say themselves what is to come of it. */
export function beyondLayer(): Buffer {
  return archive([
    file('sparse', '', { sparse: { format: 'gnu', ...SPARSE } }),
    file('year-2286', '', { mtime: '9999999999' }),
    { name: 'null', kind: 'character', device: [1, 3], mode: 0o666, uid: 20, gid: 21 },
    { name: 'disk', kind: 'block', device: [8, 0], mode: 0o660 },
    // What overlayfs itself takes for a whiteout.
    { name: 'zero', kind: 'character', device: [0, 0], mode: 0o600 },
  ]);
}

/** What stands in one layer twice, in odd orders, forms and encodings. */
export function upperNastyLayer(): Buffer {
  const long = 'l'.repeat(90);
  const { size, pieces } = SPARSE;
  return archive([
    // Before what they are about, and after it: a whiteout is about lower layers only.
    file('whiteouts/.wh.gone'),
    file('whiteouts/.wh.gone-directory'),
    file('whiteouts/.wh.gone-link'),
    file('whiteouts/.wh.again-before'),
    file('whiteouts/again-before', 'upper\n'),
    file('whiteouts/again-after', 'upper\n'),
    file('whiteouts/.wh.again-after'),
    file('whiteouts/.wh.was-never-there'),

    directory('opaque-first', { mode: 0o700 }),
    file('opaque-first/.wh..wh..opq'),
    file('opaque-first/upper', 'upper\n'),
    directory('opaque-last'),
    file('opaque-last/upper', 'upper\n'),
    directory('opaque-last/both'),
    file('opaque-last/both/upper', 'upper\n'),
    file('opaque-last/.wh..wh..opq'),
    directory('opaque-nested'),
    directory('opaque-nested/both'),
    file('opaque-nested/both/.wh..wh..opq'),
    file('opaque-nested/both/upper', 'upper\n'),
    directory('opaque-empty'),
    file('opaque-empty/.wh..wh..opq'),

    directory('kinds/file-to-directory', { mode: 0o1755 }),
    file('kinds/file-to-directory/inside', 'upper\n'),
    file('kinds/directory-to-file', 'upper\n'),
    symlink('kinds/directory-to-link', 'file-to-directory'),
    file('kinds/link-to-file', 'upper\n'),
    file('kinds/pipe-to-file', 'upper\n'),
    { name: 'kinds/file-to-pipe', kind: 'fifo', mode: 0o622 },

    file('implied/inner/upper', 'its directories have no entry in this layer\n'),
    file('nowhere/at/all', 'nor in any other\n'),

    hardlink('links/to-lower', 'links/lower'),
    hardlink('links/to-lower-too', 'links/lower'),
    file('links/one', 'one\n'),
    hardlink('links/two', './links/one'),
    hardlink('links/three', '/links/two'),
    symlink('links/symbolic', 'one', { uid: 12, gid: 13, mtime: '1234567890.987654321' }),
    symlink('links/long', `${long}/${long}/${long}`),
    symlink('links/long-gnu', `${long}/${long}/${long}`, { long: 'gnu' }),
    symlink('links/bytes', NOT_UTF8),
    file('links/with-capability', 'x', { mode: 0o755, xattrs: { 'security.capability': CAP_NET_RAW } }),
    hardlink('links/with-capability-too', 'links/with-capability'),

    // The last of several counts, and a link to an earlier one keeps what it linked.
    file('twice/file', 'first\n', { mode: 0o600 }),
    hardlink('twice/link-to-first', 'twice/file'),
    file('twice/file', 'second, which is longer\n', { mode: 0o640, uid: 14 }),
    directory('twice/directory', { mode: 0o700, mtime: 1 }),
    file('twice/directory/inside', 'kept\n'),
    directory('twice/directory', { mode: 0o3775, uid: 15, mtime: 2 }),
    file('twice/becomes-directory', 'x\n'),
    directory('twice/becomes-directory'),
    file('twice/becomes-directory/inside', 'x\n'),
    symlink('twice/link', 'first'),
    symlink('twice/link', 'second'),
    file('twice/becomes-link', 'x\n'),
    symlink('twice/becomes-link', 'file'),
    symlink('twice/was-link', 'file'),
    file('twice/was-link', 'not written through the link\n'),

    file('./names/./dot', 'x\n'),
    file('names//slashes', 'x\n'),
    file('/names/absolute', 'x\n'),
    directory('names/trailing/'),
    file(within('names', NOT_UTF8), 'no UTF-8\n'),
    file(within('names', Buffer.concat([NOT_UTF8, Buffer.alloc(150, 0xfe)])), 'no UTF-8, long\n', { long: 'gnu' }),
    file(`names/${'p'.repeat(255)}`, 'pax\n'),
    file(`names/${'g'.repeat(255)}`, 'GNU\n', { long: 'gnu' }),
    file(`names/${'x'.repeat(94)}`, 'just fits\n'),
    file(`names/${'x'.repeat(95)}`, 'just does not\n'),
    file('names/by-pax', 'x\n', { pax: { path: 'names/renamed-by-pax' } }),
    file('names/owner-by-pax', 'x\n', { uid: 1, pax: { uid: '16', gid: '17' } }),
    file('names/%41\t\u0001', 'control characters\n'),

    directory('modes', { mode: 0o7777, uid: 65535, gid: 65535, xattrs: { 'user.on-directory': 'yes' } }),
    ...[0, 0o111, 0o4755, 0o2755, 0o1644, 0o7777].map((mode) =>
      file(`modes/${mode.toString(8)}`, 'x\n', { mode, uid: 1000 }),
    ),
    file('modes/attributes', 'x\n', {
      xattrs: { 'user.a': 'b=c\n', 'user.bytes': Buffer.from([0, 255, 10]) },
    }),
    { name: 'modes/pipe', kind: 'fifo', mode: 0o620, uid: 18, gid: 19, mtime: '1111111111.111111111' },

    file('times/nanoseconds', '', { mtime: '1700000000.000000001' }),
    file('times/before-1970', '', { mtime: '-1.5' }),
    file('times/far', '', { mtime: '9000000000' }),
    file('times/zero', '', { mtime: 0 }),
    directory('times/directory', { mtime: '1000000000.123456789' }),
    file('times/directory/later', 'writing this does not change the time of its directory\n'),

    ...(['pax 0.0', 'pax 0.1', 'pax 1.0'] as const).map((format) =>
      file(`sparse/${format}`, '', { sparse: { format, size, pieces }, mode: 0o640 }),
    ),
    file('sparse/all-hole', '', { sparse: { format: 'pax 1.0', size, pieces: [{ offset: size, data: '' }] } }),
  ]);
}
