/** A workspace that is shown read-only (`--workspace ro`), and everything that writes. */
import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { workDirectory } from '../support/user.ts';
import { attacker, giveTo } from './attack.ts';
import { attackMatrix, type Row } from './matrix.ts';

const CONTENT = 'as it was\n'.repeat(20);
const RENAME_EXCHANGE = 2;

/** Everything as it is at the beginning, for each control. */
const ANEW = `system 'rm', '-rf', glob '*'; mkdir 'place'; symlink 'file', 'link';
  for my $name (qw(file other)) { my $f = opened($name, O_WRONLY | O_CREAT | O_TRUNC) or die; syswrite $f, "as it was\\n" x 20 }
  sub best { return opened('file', O_RDWR) // opened('file', O_RDONLY) // die }
  sub changed { my $f = opened('file', O_RDONLY); sysread $f, my $b, 1000; return $b eq "as it was\\n" x 20 ? undef : 1 }
`;
const HELPERS = ANEW.slice(ANEW.indexOf('sub best'))
  .replaceAll(/sub (\w+) /g, 'local *$1 = sub ')
  .replaceAll(/ \}\n/g, ' };\n');

const row = (attack: string): Row => ({
  attack: `${HELPERS} ${attack}`,
  control: ['--workspace', 'rw'],
  prepare: ANEW.slice(0, ANEW.indexOf('sub best')),
});

const ROWS: Readonly<Record<string, Row>> = {
  'open a file for writing': row(`opened('file', O_WRONLY) ? 1 : undef`),
  'open it for reading and writing': row(`opened('file', O_RDWR) ? 1 : undef`),
  'open it for appending': row(`opened('file', O_WRONLY | O_APPEND) ? 1 : undef`),
  'open it again through /proc': row(
    `my $f = opened('file', O_RDONLY); opened('/proc/self/fd/' . fileno $f, O_RDWR) ? 1 : undef`,
  ),
  'cut it off': row(`truncate('file', 0) ? 1 : undef`),
  'cut it off while reading': row(`my $f = best(); call(nr_ftruncate, fileno $f, 3)`),
  'punch a hole into it': row(`my $f = best(); call(nr_fallocate, fileno $f, 3, 0, 100)`),
  'splice into it (CVE-2022-0847)': row(`my $f = best(); pipe my $r, my $w; sysseek $f, 0, 0;
    call(nr_splice, fileno $f, 0, fileno $w, 0, 1, 0); syswrite $w, 'evil evil'; sysread $r, my $b, 1; sysseek $f, 0, 0;
    call(nr_splice, fileno $r, 0, fileno $f, 0, 9, 0); changed()`),
  'copy a range into it': row(
    `my $f = best(); my $o = opened('/etc/hosts', O_RDONLY); call(nr_copy_file_range, fileno $o, 0, fileno $f, 0, 8, 0); changed()`,
  ),
  'send another file into it': row(
    `my $f = best(); my $o = opened('/etc/hosts', O_RDONLY); sysseek $f, 0, 0; call(nr_sendfile, fileno $f, fileno $o, 0, 8); changed()`,
  ),
  'write to it in memory': row(
    `my $f = best(); my $at = call(nr_mmap, 0, 4096, 3, 1, fileno $f, 0); $at == -1 ? undef : $at`,
  ),
  'write to its memory by /proc/self/mem (CVE-2016-5195)': row(`my $f = best();
    my $at = call(nr_mmap, 0, 4096, 3, 1, fileno $f, 0); $at = call(nr_mmap, 0, 4096, 1, 2, fileno $f, 0) if $at == -1;
    my $m = opened('/proc/self/mem', O_RDWR) or return undef; sysseek $m, $at, 0; syswrite $m, 'evil'; changed()`),
  'make a file': row(`opened('new', O_WRONLY | O_CREAT) ? 1 : undef`),
  'make a file without a name': row(`opened('.', O_WRONLY | 020200000) ? 1 : undef`),
  'make a directory': row(`mkdir('made') ? 1 : undef`),
  'make a link': row(`symlink('/etc', 'made') ? 1 : undef`),
  'make another name': row(`link('file', 'made') ? 1 : undef`),
  'make a pipe': row(`call(nr_mknodat, -100, 'made', 010644, 0)`),
  'make a socket': row(
    `use Socket; socket my $s, AF_UNIX, SOCK_STREAM, 0; bind($s, pack_sockaddr_un('made')) ? 1 : undef`,
  ),
  'remove a file': row(`unlink('file') || undef`),
  'remove a directory': row(`rmdir('place') ? 1 : undef`),
  'rename a file': row(`rename('file', 'renamed') ? 1 : undef`),
  'rename it out of the workspace': row(`rename('file', 'place/renamed') ? 1 : undef`),
  'exchange two files': row(`call(nr_renameat2, -100, 'file', -100, 'other', ${RENAME_EXCHANGE})`),
  'change permissions': row(`chmod(0777, 'file') || undef`),
  'change the owner': row(
    `my $then = (stat 'file')[10]; select undef, undef, undef, 1.1; chown($>, $) + 0, 'file'); my $now = (stat 'file')[10]; $now > $then ? 1 : undef`,
  ),
  'change times': row(`utime(1, 1, 'file') || undef`),
  'set an attribute': row(`call(nr_setxattr, 'file', 'user.evil', 'x', 1, 0)`),
  'set flags of the file': row(
    `my $f = best(); my $flags = pack 'L', 0x40; call(nr_ioctl, fileno $f, 0x40086602, $flags)`,
  ),
};

attackMatrix('a read-only workspace stays as it is', ROWS, {
  words: ['--workspace', 'ro'],
  setUp: async (t) => {
    const directory = workDirectory(t, attacker());
    for (const name of ['file', 'other']) writeFileSync(`${directory}/${name}`, CONTENT);
    mkdirSync(`${directory}/place`);
    symlinkSync('file', `${directory}/link`);
    giveTo(attacker(), directory);
    return { run: { cwd: directory }, values: { directory, before: JSON.stringify(look(directory)) } };
  },
  check: ({ directory = '', before = '' }) => assert.deepEqual(look(directory), JSON.parse(before)),
});

/** All that the attacks would have changed. */
function look(directory: string): unknown {
  return readdirSync(directory)
    .sort()
    .map((name) => {
      const { mode, uid, gid, mtimeMs, nlink } = lstatSync(`${directory}/${name}`);
      const content = name === 'place' ? '' : readFileSync(`${directory}/${name}`, 'utf8');
      return { name, mode, uid, gid, mtimeMs, nlink, content };
    });
}
