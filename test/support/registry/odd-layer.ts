import type { Bytes } from '../tar/raw.ts';
import { archive, type Member } from '../tar/write.ts';

/** VFS_CAP_REVISION_2 with its "effective" bit, and one capability below 32; linux/capability.h. */
function capability(number: number): Uint8Array {
  const value = Buffer.alloc(20);
  value.writeUInt32LE(0x0200_0001, 0);
  value.writeUInt32LE(1 << number, 4);
  return value;
}

export const CAP_NET_RAW = capability(13);

/**
 * A layer over a Debian with what real images have and unpackers get wrong: deletions, replacements, privileges,
 * owners, links, names, times, a sparse file. `program` is an executable file to give privileges to. Some of its
 * directories have no entry of their own.
 */
export function oddLayer(program: Uint8Array): Buffer {
  const file = (name: Bytes, data: Bytes = '', more: Partial<Member> = {}): Member => ({ name, data, ...more });
  const directory = (name: string, more: Partial<Member> = {}): Member => ({ name, kind: 'directory', ...more });
  const symlink = (name: string, link: string): Member => ({ name, kind: 'symlink', link });
  const hardlink = (name: string, link: string, mode = 0o644): Member => ({ name, kind: 'hardlink', link, mode });

  const deep = Array.from({ length: 12 }, (_, level) => `${level}-${'deep'.repeat(25)}`);
  return archive([
    // What the base has: a file and a directory go, a directory loses what it had, two change their kind.
    file('etc/.wh.debian_version'),
    file('usr/share/.wh.bug'),
    directory('etc/skel'),
    file('etc/skel/.wh..wh..opq'),
    file('etc/skel/.only', 'the one file here\n'),
    directory('etc/issue'),
    file('etc/issue/inside', 'issue was a file\n'),
    symlink('usr/share/lintian', '/opt/odd'),

    // Privileges and owners.
    directory('opt/odd'),
    file('usr/local/bin/as-root', program, { mode: 0o4755 }),
    hardlink('usr/local/bin/as-root-too', 'usr/local/bin/as-root', 0o4755),
    file('usr/local/bin/as-group', program, { mode: 0o2755, gid: 5 }),
    file('usr/local/bin/with-capability', program, { mode: 0o755, xattrs: { 'security.capability': CAP_NET_RAW } }),
    file('opt/odd/attribute', 'x\n', { xattrs: { 'user.note': 'of the layer' } }),
    file('opt/odd/no-permission', 'unreadable\n', { mode: 0 }),
    directory('opt/odd/closed', { mode: 0 }),
    file('opt/odd/closed/inside', 'in a directory without permissions\n'),
    directory('opt/odd/sticky', { mode: 0o1777 }),
    directory('opt/odd/of-group', { mode: 0o2775, gid: 50 }),
    directory('home/someone', { mode: 0o750, uid: 1000, gid: 1000 }),
    file('home/someone/own', 'own\n', { uid: 1000, gid: 1000 }),
    file('opt/odd/high-owner', 'high\n', { uid: 65533, gid: 65534 }),

    // Links.
    directory('opt/odd/links'),
    file('opt/odd/links/one', 'three names\n'),
    hardlink('opt/odd/links/two', 'opt/odd/links/one'),
    hardlink('opt/odd/links/three', 'opt/odd/links/two'),
    symlink('opt/odd/links/relative', 'one'),
    symlink('opt/odd/links/absolute', '/opt/odd/links/one'),
    symlink('opt/odd/links/to-nothing', '/nowhere/at/all'),
    symlink('opt/odd/links/to-itself', 'to-itself'),
    symlink('opt/odd/links/above', '../../../../../../../etc/passwd'),
    symlink('opt/odd/links/long', `/${'long'.repeat(80)}`),

    // Names and sizes.
    directory('opt/odd/names'),
    file(`opt/odd/names/${'a'.repeat(255)}`, 'longest\n'),
    file(`opt/odd/names/${'g'.repeat(200)}`, 'GNU long name\n', { long: 'gnu' }),
    ...deep.map((_, level) => directory(`opt/odd/names/${deep.slice(0, level + 1).join('/')}`)),
    file(`opt/odd/names/${deep.join('/')}/bottom`, 'deep\n'),
    ...[
      'äöü ß',
      '漢字',
      '🐧',
      'e\u0301 decomposed',
      '\u00e9 composed',
      'Case',
      'case',
      'two  spaces ',
      `quotes'"`,
      '\\',
      'line\nfeed',
      '-rf',
      '*?',
      '.wh',
      'wh.not-one',
      '...',
    ].map((name) => file(`opt/odd/names/${name}`, `${name}\n`)),
    file('opt/odd/empty'),
    { name: 'opt/odd/pipe', kind: 'fifo' },
    file('opt/odd/before-1970', '', { mtime: -1_000_000_000 }),
    file('opt/odd/after-2038', '', { mtime: 4_000_000_000 }),
    file('opt/odd/nanoseconds', '', { mtime: '1700000000.123456789' }),
    file('opt/odd/hello', '#!/bin/sh\necho "bigapp: $*"\n', { mode: 0o755 }),
    file('opt/odd/sparse', '', {
      sparse: {
        format: 'pax 1.0',
        size: 64 * 2 ** 20,
        pieces: [
          { offset: 0, data: 'A'.repeat(4096) },
          { offset: 64 * 2 ** 20 - 4096, data: 'Z'.repeat(4096) },
        ],
      },
    }),
  ]);
}
