import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { isatty } from 'node:tty';
import { hostArch } from '../../src/linux/arch.ts';
import { encodeBytes } from '../../src/linux/bytes.ts';
import { LOCK, MEMFD } from '../../src/linux/constants/descriptor.ts';
import { AT, FILE_TYPE, OPEN, RENAME, RESOLVE } from '../../src/linux/constants/open.ts';
import { PRCTL } from '../../src/linux/constants/process.ts';
import { hostSyscalls } from '../../src/linux/koffi-syscalls.ts';
import { processStartTime } from '../../src/linux/proc-status.ts';
import { openProcess, signalProcess } from '../../src/linux/signal-process.ts';
import { makeDevice } from '../../src/linux/syscalls.ts';

const kernel = hostSyscalls();
const isRoot = process.getuid?.() === 0;
const open = OPEN[hostArch()];

/** A directory of its own for each test, on the file system of the temporary directory. */
function directoryOf(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'syscalls-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

test('a lock is held against other descriptors and falls with its own', (context) => {
  const path = join(directoryOf(context), 'lock');
  const first = openSync(path, 'w');
  const second = openSync(path, 'w');
  kernel.flock(first, LOCK.LOCK_EX);
  assert.throws(() => kernel.flock(second, LOCK.LOCK_EX | LOCK.LOCK_NB), { code: 'EAGAIN', syscall: 'flock' });
  closeSync(first);
  kernel.flock(second, LOCK.LOCK_SH | LOCK.LOCK_NB);
  kernel.flock(second, LOCK.LOCK_UN);
  closeSync(second);
  assert.throws(() => kernel.flock(second, LOCK.LOCK_EX), { code: 'EBADF' });
});

test('a lock keeps another process out', (context) => {
  const path = join(directoryOf(context), 'lock');
  const fd = openSync(path, 'w');
  kernel.flock(fd, LOCK.LOCK_EX);
  assert.equal(spawnSync('flock', ['-n', path, 'true']).status, 1);
  kernel.flock(fd, LOCK.LOCK_UN);
  assert.equal(spawnSync('flock', ['-n', path, 'true']).status, 0);
  closeSync(fd);
});

test('close-on-exec is read and set', () => {
  const fd = openSync('/dev/null', 'r');
  assert.equal(kernel.closeOnExec(fd), true);
  kernel.setCloseOnExec(fd, false);
  assert.equal(kernel.closeOnExec(fd), false);
  const inherited = execFileSync('ls', ['/proc/self/fd'], { encoding: 'utf8' }).split('\n');
  assert.ok(inherited.includes(String(fd)));
  kernel.setCloseOnExec(fd, true);
  assert.equal(kernel.closeOnExec(fd), true);
  closeSync(fd);
});

test('a memfd is written, named and executed', () => {
  const fd = kernel.memfdCreate('l\udcffuncher', MEMFD.MFD_CLOEXEC);
  writeSync(fd, readFileSync('/bin/true'));
  assert.equal(spawnSync(`/proc/${process.pid}/fd/${fd}`).status, 0);
  assert.equal(kernel.closeOnExec(fd), true);
  closeSync(fd);
  assert.throws(() => kernel.memfdCreate('x', 0x4000_0000), { code: 'EINVAL', syscall: 'memfd_create' });
});

test('openat2 stays beneath the directory it was given', (context) => {
  const directory = directoryOf(context);
  mkdirSync(encodeBytes(`${directory}/\udcfe`));
  writeFileSync(encodeBytes(`${directory}/\udcfe/file`), 'inside');
  symlinkSync('/etc', join(directory, 'out'));
  const root = openSync(directory, 'r');
  const flags = open.O_RDONLY | open.O_CLOEXEC;
  const inside = kernel.openat2(root, '\udcfe/file', { flags, resolve: RESOLVE.RESOLVE_BENEATH });
  assert.equal(readFileSync(inside, 'utf8'), 'inside');
  closeSync(inside);
  const beneath = { flags, resolve: RESOLVE.RESOLVE_BENEATH };
  assert.throws(() => kernel.openat2(root, 'out/passwd', beneath), { code: 'EXDEV', path: 'out/passwd' });
  assert.throws(() => kernel.openat2(root, '../x', beneath), { code: 'EXDEV' });
  assert.throws(() => kernel.openat2(root, 'out/passwd', { flags, resolve: RESOLVE.RESOLVE_IN_ROOT }), {
    code: 'ENOENT',
  });
  const created = kernel.openat2(root, 'new', { flags: open.O_CREAT | open.O_WRONLY | open.O_CLOEXEC, mode: 0o640 });
  assert.equal(fstatSync(created).mode & 0o777, 0o640 & ~process.umask());
  closeSync(created);
  closeSync(root);
});

test('a FIFO is made, and an existing name refused', (context) => {
  const path = join(directoryOf(context), 'fifo');
  kernel.mknodat(AT.AT_FDCWD, path, FILE_TYPE.S_IFIFO | 0o600, 0);
  assert.ok(statSync(path).isFIFO());
  assert.throws(() => kernel.mknodat(AT.AT_FDCWD, path, FILE_TYPE.S_IFIFO | 0o600, 0), { code: 'EEXIST', path });
});

test('root makes a device with the right number', { skip: isRoot ? false : 'needs root' }, (context) => {
  const path = join(directoryOf(context), 'device');
  kernel.mknodat(AT.AT_FDCWD, path, FILE_TYPE.S_IFCHR | 0o600, makeDevice(1, 3));
  assert.ok(statSync(path).isCharacterDevice());
  assert.equal(statSync(path).rdev, statSync('/dev/null').rdev);
});

test('names are exchanged, and an existing one is not replaced', (context) => {
  const directory = directoryOf(context);
  const [a, b, c] = ['a', 'b\udcff', 'c'].map((name) => `${directory}/${name}`) as [string, string, string];
  writeFileSync(encodeBytes(a), 'A');
  writeFileSync(encodeBytes(b), 'B');
  kernel.renameat2(AT.AT_FDCWD, a, AT.AT_FDCWD, b, RENAME.RENAME_EXCHANGE);
  assert.equal(readFileSync(encodeBytes(a), 'utf8') + readFileSync(encodeBytes(b), 'utf8'), 'BA');
  const refused = () => kernel.renameat2(AT.AT_FDCWD, a, AT.AT_FDCWD, b, RENAME.RENAME_NOREPLACE);
  assert.throws(refused, { code: 'EEXIST', path: a, hint: /the new name was/ });
  kernel.renameat2(AT.AT_FDCWD, a, AT.AT_FDCWD, c, RENAME.RENAME_NOREPLACE);
  assert.equal(readFileSync(c, 'utf8'), 'B');
});

test('extended attributes are set, read, listed and removed', (context) => {
  const path = join(directoryOf(context), 'file');
  writeFileSync(path, '');
  const value = Buffer.from([0, 255, 10]);
  assert.equal(kernel.lgetxattr(path, 'user.none'), undefined);
  kernel.lsetxattr(path, 'user.short', value);
  kernel.lsetxattr(path, 'user.empty', Buffer.alloc(0));
  kernel.lsetxattr(path, 'user.long', Buffer.alloc(2000, 7));
  assert.deepEqual(kernel.lgetxattr(path, 'user.short'), value);
  assert.deepEqual(kernel.lgetxattr(path, 'user.empty'), Buffer.alloc(0));
  assert.deepEqual(kernel.lgetxattr(path, 'user.long'), Buffer.alloc(2000, 7));
  const names = kernel.llistxattr(path).filter((name) => name.startsWith('user.'));
  assert.deepEqual(names.sort(), ['user.empty', 'user.long', 'user.short']);
  kernel.lremovexattr(path, 'user.long');
  assert.equal(kernel.lgetxattr(path, 'user.long'), undefined);
  assert.throws(() => kernel.lremovexattr(path, 'user.long'), { code: 'ENODATA', path });
  assert.throws(() => kernel.lgetxattr(`${path}x`, 'user.a'), { code: 'ENOENT', path: `${path}x` });
});

test('a link is asked itself, not its target', (context) => {
  const link = join(directoryOf(context), 'link');
  symlinkSync('/nonexistent', link);
  assert.deepEqual(
    kernel.llistxattr(link).filter((name) => name.startsWith('user.')),
    [],
  );
  assert.throws(() => kernel.lsetxattr(link, 'user.a', Buffer.of(1)), { code: 'EPERM', path: link });
});

test('a file system is written back', () => {
  const fd = openSync(tmpdir(), 'r');
  kernel.syncfs(fd);
  closeSync(fd);
  assert.throws(() => kernel.syncfs(fd), { code: 'EBADF', syscall: 'syncfs' });
});

test('a process is waited for, signalled and found ended through its pidfd', async () => {
  const child = spawn('sleep', ['60']);
  await once(child, 'spawn');
  const pidfd = kernel.pidfdOpen(child.pid ?? 0);
  assert.equal(kernel.closeOnExec(pidfd), true);
  assert.equal(kernel.pollIn(pidfd, 20), false);
  kernel.pidfdSendSignal(pidfd, 0);
  kernel.pidfdSendSignal(pidfd, 15);
  assert.equal(kernel.pollIn(pidfd, 10_000), true);
  const [, signal] = await once(child, 'close');
  assert.equal(signal, 'SIGTERM');
  assert.throws(() => kernel.pidfdSendSignal(pidfd, 0), { code: 'ESRCH', syscall: 'pidfd_send_signal' });
  closeSync(pidfd);
  assert.throws(() => kernel.pidfdOpen(child.pid ?? 0), { code: 'ESRCH' });
});

test('only the remembered process is signalled, not another with its pid', async () => {
  const child = spawn('sleep', ['60']);
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  const startTime = processStartTime(pid) ?? 0n;
  assert.equal(openProcess(kernel, { pid, startTime: startTime + 1n }), undefined);
  assert.equal(signalProcess(kernel, { pid, startTime: startTime - 1n }, 9), false);
  assert.equal(child.exitCode ?? child.signalCode, null);
  assert.equal(signalProcess(kernel, { pid, startTime }, 9), true);
  const [, signal] = await once(child, 'close');
  assert.equal(signal, 'SIGKILL');
  assert.equal(signalProcess(kernel, { pid, startTime }, 9), false);
});

test('looking for ended processes leaves no descriptor open', () => {
  // Only descriptors of processes: the test runner opens and closes others meanwhile.
  const count = () => readdirSync('/proc/self/fd').filter((fd) => target(fd).includes('pidfd')).length;
  const target = (fd: string): string => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ''; // closed meanwhile
    }
  };
  const before = count();
  for (let turn = 0; turn < 20; turn++) signalProcess(kernel, { pid: process.pid, startTime: 1n }, 0);
  for (let turn = 0; turn < 20; turn++)
    signalProcess(kernel, { pid: process.pid, startTime: processStartTime(process.pid) ?? 0n }, 0);
  assert.equal(count(), before);
});

test('what is typed at one end of a pseudo-terminal arrives at the other, and the size is theirs together', () => {
  const { controller, terminal } = kernel.openPty();
  assert.ok(isatty(terminal));
  assert.ok(kernel.closeOnExec(controller) && kernel.closeOnExec(terminal));
  writeSync(controller, 'typed\n');
  const buffer = Buffer.alloc(64);
  assert.equal(buffer.toString('utf8', 0, readSync(terminal, buffer)), 'typed\n');
  kernel.setWindowSize(controller, { rows: 51, columns: 300 });
  assert.deepEqual(kernel.windowSize(terminal), { rows: 51, columns: 300 });
  const stty = execFileSync('stty', ['size'], { stdio: [terminal, 'pipe', 'inherit'], encoding: 'utf8' });
  assert.equal(stty.trim(), '51 300');
  closeSync(controller);
  closeSync(terminal);
});

test('what is no terminal has no size', () => {
  const fd = openSync('/dev/null', 'r');
  assert.throws(() => kernel.windowSize(fd), { code: 'ENOTTY', syscall: 'ioctl' });
  closeSync(fd);
});

test('prctl gives its result and its failure', () => {
  assert.equal(kernel.prctl(PRCTL.PR_SET_CHILD_SUBREAPER, 1), 0);
  assert.equal(kernel.prctl(PRCTL.PR_SET_CHILD_SUBREAPER, 0), 0);
  assert.equal(kernel.prctl(PRCTL.PR_CAPBSET_READ, 0) >= 0, true);
  assert.throws(() => kernel.prctl(PRCTL.PR_CAPBSET_READ, 1000), { code: 'EINVAL', syscall: 'prctl' });
});

test('ids are those of /proc/self/status', () => {
  const status = readFileSync('/proc/self/status', 'utf8');
  const line = (name: string) =>
    new RegExp(`^${name}:\\s+(\\d+)\\s+(\\d+)\\s+(\\d+)`, 'm').exec(status)?.slice(1).map(Number);
  const { real, effective, saved } = kernel.getresuid();
  assert.deepEqual([real, effective, saved], line('Uid'));
  const group = kernel.getresgid();
  assert.deepEqual([group.real, group.effective, group.saved], line('Gid'));
});

test('an ordinary user meets refusals by name', {
  skip: isRoot ? false : 'needs root to become an ordinary user',
}, (context) => {
  const directory = directoryOf(context);
  chmodSync(directory, 0o755);
  writeFileSync(join(directory, 'secret'), '', { mode: 0o600 });
  // Everything is loaded before the ids are given up: nobody need not be able to read this directory.
  const code = `
    import { hostSyscalls } from ${JSON.stringify(new URL('../../src/linux/koffi-syscalls.ts', import.meta.url).href)};
    const kernel = hostSyscalls();
    kernel.prctl(3);
    process.setgroups([]); process.setgid(65534); process.setuid(65534);
    const attempt = (f) => { try { return String(f()) } catch (e) { return e.code + ' ' + e.syscall } };
    const directory = process.argv[1];
    console.log(JSON.stringify([
      kernel.getresuid().effective,
      attempt(() => kernel.openat2(-100, directory + '/secret', { flags: 0 })),
      attempt(() => kernel.mknodat(-100, directory + '/null', 0o20600, 259)),
      attempt(() => kernel.lsetxattr(directory, 'user.a', Buffer.of(1))),
      attempt(() => kernel.lsetxattr(directory, 'trusted.a', Buffer.of(1))),
      attempt(() => kernel.pidfdSendSignal(kernel.pidfdOpen(1), 0)),
      attempt(() => kernel.renameat2(-100, directory + '/secret', -100, '/tmp/x', 0)),
      attempt(() => { const { terminal } = kernel.openPty(); kernel.setWindowSize(terminal, { rows: 2, columns: 3 });
                      return kernel.windowSize(terminal).columns }),
    ]));`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', code, directory], { encoding: 'utf8' });
  assert.deepEqual(JSON.parse(output), [
    65534,
    'EACCES openat2',
    'EACCES mknodat',
    'EACCES lsetxattr',
    'EPERM lsetxattr',
    'EPERM pidfd_send_signal',
    'EACCES renameat2',
    '3',
  ]);
});
