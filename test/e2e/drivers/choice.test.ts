import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { CANNOT_RUN_HERE, needs } from '../../packages.ts';
import { environmentOf, sandbox, type TestUser, workDirectory } from '../../support/user.ts';
import { busyboxRoot } from '../support/busybox-root.ts';
import { account, eventually, ordinary } from '../support/inside.ts';
import { skippedWithoutFuse } from './support/image-sandbox.ts';

const skip = ordinary.skip || needs('/bin/busybox');
const onlyRoot = process.getuid?.() === 0 ? false : `${CANNOT_RUN_HERE}only root may mount an overlay for others`;
const skipFuse = skip || skippedWithoutFuse('subordinate');

/** A store on an overlay, on which the kernel takes no upper directory: the refusal is a real one. */
function refusingPlace(t: TestContext, user: TestUser): { env: Record<string, string>; store: string } {
  const base = mkdtempSync(`${user.home}/overlay-`);
  for (const name of ['lower', 'upper', 'work', 'data']) mkdirSync(`${base}/${name}`);
  const options = `lowerdir=${base}/lower,upperdir=${base}/upper,workdir=${base}/work`;
  execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', options, `${base}/data`]);
  t.after(() => {
    execFileSync('umount', ['--lazy', `${base}/data`]);
    rmSync(base, { recursive: true, force: true });
  });
  for (const path of [base, `${base}/data`]) {
    chownSync(path, user.uid, user.gid);
    chmodSync(path, 0o755);
  }
  return { env: { XDG_DATA_HOME: `${base}/data` }, store: `${base}/data/sandbox` };
}

/** Runs `sandbox` where /dev/fuse may not be opened, which it is elsewhere at the same time. */
function withoutFuse(user: TestUser, words: readonly string[], env: Readonly<Record<string, string>>) {
  const covered = `${user.home}/no-fuse`;
  writeFileSync(covered, '', { mode: 0o600 });
  const become = ['setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'];
  const script = 'mount --bind "$0" /dev/fuse && exec "$@"';
  const argv = ['--mount', 'sh', '-c', script, covered, ...become, user.sandbox, ...words];
  return spawnSync('unshare', argv, {
    cwd: user.home,
    env: environmentOf(user, env),
    encoding: 'utf8',
    timeout: 60_000,
  });
}

const WRITE = 'cat /etc/os-release && echo changed > /bin/changeable && cat /bin/changeable && sed -n 1p /proc/mounts';

describe('the storage driver is found by trying', () => {
  test('native overlays where the kernel makes them, and that is remembered', { skip }, async (t) => {
    const [cwd, root] = [workDirectory(t, account()), busyboxRoot(t, account())];
    const env = { XDG_DATA_HOME: cwd };
    const run = () =>
      sandbox(account(), ['run', '--workspace', 'none', '--rootfs', root, '--', 'sh', '-c', WRITE], { cwd, env });
    const { stdout, stderr } = await run();
    assert.match(stdout, /^ID=busybox-test\nchanged\nsandbox \/ overlay/, stderr);
    const probe: unknown = JSON.parse(readFileSync(`${cwd}/sandbox/probe.json`, 'utf8'));
    assert.equal(Reflect.get(probe as object, 'kind'), 'native');
  });

  test('fuse-overlayfs where the kernel refuses', { skip: skipFuse || onlyRoot }, async (t) => {
    const [cwd, root] = [workDirectory(t, account()), busyboxRoot(t, account())];
    const { env, store } = refusingPlace(t, account());
    const { stdout, stderr } = await sandbox(account(), ['run', '--rootfs', root, '--', 'sh', '-c', WRITE], {
      cwd,
      env,
    });
    assert.match(stdout, /^ID=busybox-test\nchanged\nfuse-overlayfs \/ fuse/, stderr);
    const probe: unknown = JSON.parse(readFileSync(`${store}/probe.json`, 'utf8'));
    assert.deepEqual(
      [Reflect.get(probe as object, 'kind'), Reflect.get(probe as object, 'program')],
      ['fuse', '/usr/bin/fuse-overlayfs'],
    );
    const { stdout: doctor } = await sandbox(account(), ['doctor', '--json'], { cwd, env });
    const findings: Array<{ id: string; state: string; detail: string }> = JSON.parse(doctor);
    const found = findings.find(({ id }) => id === 'overlay');
    assert.equal(found?.state, 'warning');
    assert.match(found.detail, /the kernel refuses an overlay in .* \(EINVAL\): \/usr\/bin\/fuse-overlayfs is used/);
  });

  test('a copy where there is no FUSE either', { skip: skip || onlyRoot }, async (t) => {
    const [cwd, root] = [workDirectory(t, account()), busyboxRoot(t, account())];
    const { env } = refusingPlace(t, account());
    if (process.getuid?.() === 0) chmodSync('/dev/fuse', 0o600);
    t.after(() => chmodSync('/dev/fuse', 0o666));
    const { stdout, stderr } = await sandbox(account(), ['run', '--rootfs', root, '--', 'sh', '-c', WRITE], {
      cwd,
      env,
    });
    assert.match(stdout, /^ID=busybox-test\nchanged\n(?!fuse)/, stderr);
    assert.equal(readFileSync(`${root}/bin/changeable`, 'utf8'), 'root file\n');
    const { stdout: doctor } = withoutFuse(account(), ['doctor'], env);
    assert.match(doctor.replace(/\s+/g, ' '), /fuse-overlayfs does not work \(EACCES\): root file systems are copied/);
  });

  test("the host's own system says that it needs native overlays", { skip: skip || onlyRoot }, async (t) => {
    const [cwd, root] = [workDirectory(t, account()), busyboxRoot(t, account())];
    const { env } = refusingPlace(t, account());
    await sandbox(account(), ['run', '--rootfs', root, '--', 'true'], { cwd, env });
    const { status, stderr } = await sandbox(account(), ['run', '--', 'true'], { cwd, env });
    assert.equal(status, 125);
    assert.match(stderr, /the host's own system needs native overlays: the kernel refuses an overlay .*EINVAL/);
  });
});

describe('--storage-driver', () => {
  for (const [driver, mounted] of [
    ['native', /^sandbox \/ overlay/m],
    ['fuse-overlayfs', /^fuse-overlayfs \/ fuse/m],
    ['copy', /^(?!fuse|sandbox|overlay)\S+ \/ \S+ rw,nosuid,nodev/m],
  ] as const) {
    test(`${driver}: for --rootfs and for a workspace that is copied on write`, { skip: skipFuse }, async (t) => {
      const [cwd, root] = [workDirectory(t, account()), busyboxRoot(t, account())];
      writeFileSync(`${cwd}/file`, 'mine\n');
      chownSync(`${cwd}/file`, account().uid, account().gid);
      const words = ['--storage-driver', driver, '--workspace', 'cow', '--rootfs', root];
      const script = `${WRITE} && cat file && echo theirs > file && cat file && pwd`;
      const { stdout, stderr, status } = await sandbox(account(), ['run', ...words, '--', 'sh', '-c', script], { cwd });
      assert.equal(status, 0, stderr);
      assert.match(stdout, mounted);
      assert.ok(stdout.endsWith(`mine\ntheirs\n${cwd}\n`), stdout);
      assert.equal(readFileSync(`${cwd}/file`, 'utf8'), 'mine\n');
      assert.equal(readFileSync(`${root}/bin/changeable`, 'utf8'), 'root file\n');
    });
  }

  for (const driver of ['native', 'fuse-overlayfs', 'copy'] as const) {
    test(`${driver}: over a directory with an odd name`, { skip: skipFuse }, async (t) => {
      const [cwd, root] = [workDirectory(t, account()), busyboxRoot(t, account())];
      const odd = `${cwd}/a,b:c\\d e`;
      renameSync(root, odd);
      const words = ['--storage-driver', driver, '--workspace', 'none', '--rootfs', odd];
      const { stdout, stderr } = await sandbox(account(), ['run', ...words, '--', 'sh', '-c', WRITE], { cwd });
      assert.match(stdout, /^ID=busybox-test\nchanged\n/, stderr);
      assert.equal(readFileSync(`${odd}/bin/changeable`, 'utf8'), 'root file\n');
    });
  }

  test('a command joins what fuse-overlayfs serves', { skip: skipFuse }, async (t) => {
    const [cwd, root] = [workDirectory(t, account()), busyboxRoot(t, account())];
    const env = { XDG_DATA_HOME: cwd };
    const words = ['shell', '--name', 'dev', '--storage-driver', 'fuse-overlayfs', '--rootfs', root, '--', 'sh', '-c'];
    const script = 'echo opened > /opened; while [ ! -e /joined ]; do sleep 0.05; done; cat /joined';
    const opened = sandbox(account(), [...words, script], { cwd, env });
    await eventually('the sandbox is open', () => existsSync(`${cwd}/sandbox/sandboxes/dev/upper/opened`));
    const joined = await sandbox(account(), [...words, 'cat /opened; echo joined > /joined'], { cwd, env });
    assert.equal(joined.stdout, 'opened\n', joined.stderr);
    assert.equal((await opened).stdout, 'joined\n');
  });

  test('config.toml says it for good', { skip }, async (t) => {
    const [cwd, root] = [workDirectory(t, account()), busyboxRoot(t, account())];
    mkdirSync(`${cwd}/sandbox`);
    writeFileSync(`${cwd}/sandbox/config.toml`, '[storage]\ndriver = "copy"\n');
    const env = { XDG_CONFIG_HOME: cwd };
    const { stdout, stderr } = await sandbox(account(), ['run', '--rootfs', root, '--', 'sh', '-c', WRITE], {
      cwd,
      env,
    });
    assert.match(stdout, /^ID=busybox-test\nchanged\n(?!fuse|sandbox|overlay)/, stderr);
  });

  test('is refused for the host, and where it is not known', { skip }, async (t) => {
    const cwd = workDirectory(t, account());
    const copy = await sandbox(account(), ['run', '--storage-driver', 'copy', '--', 'true'], { cwd });
    assert.match(copy.stderr, /the host's own system cannot be shown with the storage driver copy/);
    const unknown = await sandbox(account(), ['run', '--storage-driver', 'vfs', '--', 'true'], { cwd });
    assert.match(unknown.stderr, /--storage-driver: expected native or fuse-overlayfs or copy/);
  });

  test('a kept sandbox keeps the one that it was made with', { skip }, async (t) => {
    const [cwd, root] = [workDirectory(t, account()), busyboxRoot(t, account())];
    const env = { XDG_DATA_HOME: cwd };
    const shell = (words: readonly string[], script: string) =>
      sandbox(account(), ['shell', '--name', 'dev', '--rootfs', root, ...words, '--', 'sh', '-c', script], {
        cwd,
        env,
      });
    const made = await shell(['--storage-driver', 'copy'], 'echo kept > /kept');
    assert.equal(made.status, 0, made.stderr);
    const opened = await shell([], 'cat /kept; sed -n 1p /proc/mounts');
    assert.match(opened.stdout, /^kept\n(?!sandbox)/, opened.stderr);
    const other = await shell(['--storage-driver', 'native'], 'true');
    assert.match(other.stderr, /the sandbox dev was made with the storage driver copy/);
  });

  test('fuse-overlayfs without its device says so', { skip: skipFuse || onlyRoot }, async (t) => {
    const root = busyboxRoot(t, account());
    const words = ['run', '--workspace', 'none', '--storage-driver', 'fuse-overlayfs', '--rootfs', root, '--', 'true'];
    const { status, stderr } = withoutFuse(account(), words, {});
    assert.equal(status, 125);
    assert.match(stderr, /needs \/dev\/fuse, which you may not open/);
  });
});
