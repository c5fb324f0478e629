import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { needs } from '../../packages.ts';
import { sandbox, workDirectory } from '../../support/user.ts';
import { busyboxRoot, plant } from '../support/busybox-root.ts';
import { account, bare, inside, ordinary, tryInside } from '../support/inside.ts';

const busybox = needs('/bin/busybox');
const withBusybox = { skip: ordinary.skip || busybox };

/** What a root file system holds, to see that a sandbox left it alone. */
function listing(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' }).sort();
}

test('a directory is the root, seen by its root user', withBusybox, async (t) => {
  const [cwd, root] = [workDirectory(t, account()), busyboxRoot(t, account())];
  const script =
    'cat /etc/os-release; id -u; id -un; ls /; echo $HOME $PATH; pwd; ls /bin/busybox; stat -c %u:%g /bin/busybox';
  const { stdout, stderr, status } = await sandbox(account(), ['run', '--rootfs', root, '--', 'sh', '-c', script], {
    cwd,
  });
  assert.equal(status, 0, stderr);
  const top = cwd.split('/')[1];
  const names = [...new Set(['bin', 'dev', 'etc', 'home', 'opt', 'proc', 'sys', 'tmp', 'var', top])].sort();
  const path = '/root /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  assert.deepEqual(stdout.trimEnd().split('\n'), [
    'ID=busybox-test',
    '0',
    'root',
    ...names,
    path,
    cwd,
    '/bin/busybox',
    '0:0',
  ]);
});

test('whatever is changed stays out of the directory', withBusybox, async (t) => {
  const [cwd, root] = [workDirectory(t, account()), busyboxRoot(t, account())];
  const before = listing(root);
  const script =
    'echo more >> /bin/changeable && cat /bin/changeable && rm -r /opt /etc/group && mkdir /new && mv /bin/ls /bin/list && chmod 700 /var && ls / | wc -l; chown -R 1000:50 /home && stat -c %u:%g /home';
  const seen = (
    await inside(account(), { cwd }, ['--rootfs', root], script.replaceAll('ls / | wc', 'list / | wc'))
  ).split('\n');
  assert.deepEqual([...seen.slice(0, 2), seen.at(-1)], ['root file', 'more', '1000:50']);
  assert.deepEqual(listing(root), before);
  assert.equal(readFileSync(`${root}/bin/changeable`, 'utf8'), 'root file\n');
  assert.deepEqual([statSync(`${root}/var`).mode & 0o777, statSync(`${root}/home`).uid], [0o755, account().uid]);
});

test("--user: a number or a name of its own, the files of the workspace still the user's", withBusybox, async (t) => {
  const root = busyboxRoot(t, account());
  for (const [user, ids] of [
    ['1000', '1000:1000'],
    ['app', '1000:1000'],
    ['app:staff', '1000:50'],
    ['4711:12', '4711:12'],
  ] as const) {
    const cwd = workDirectory(t, account());
    const script =
      'echo $(id -u):$(id -g); touch made; stat -c %u:%g made; grep -c "^CapEff:.*0000000000000000" /proc/self/status; echo x > /bin/own && rm /bin/own && echo writes';
    assert.equal(await inside(account(), { cwd }, ['--rootfs', root, '-u', user], script), `${ids}\n${ids}\n1\nwrites`);
    assert.deepEqual([statSync(`${cwd}/made`).uid, statSync(`${cwd}/made`).gid], [account().uid, account().gid]);
  }
  const { status, stderr } = await tryInside(account(), { cwd: root }, ['--rootfs', root, '-u', 'daemon'], 'true');
  assert.equal(status, 125);
  assert.match(stderr, /no user daemon in the sandbox's \/etc\/passwd/);
});

test('without subordinate ids its root still chowns', { skip: bare.skip || busybox }, async (t) => {
  const user = account('bare');
  const [cwd, root] = [workDirectory(t, user), busyboxRoot(t, user)];
  const script = 'id -u; touch /opt/f && chown 1000:50 /opt/f && echo chown; stat -c %u /opt/f';
  assert.equal(await inside(user, { cwd }, ['--rootfs', root], script), '0\nchown\n0');
});

test('/proc, /sys, /dev, names and addresses are made where the directory has none', withBusybox, async (t) => {
  const [cwd, root] = [workDirectory(t, account()), busyboxRoot(t, account())];
  const script =
    'cat /proc/1/comm; test -d /sys/class/net/lo && echo sys; test -c /dev/null && echo x > /dev/shm/f && cat /dev/shm/f; cat /etc/hostname /etc/resolv.conf; grep -c sandbox /etc/hosts';
  const seen = await inside(account(), { cwd }, ['--rootfs', root], script);
  assert.equal(seen, `sandbox\nsys\nx\nsandbox\n${readFileSync('/etc/resolv.conf', 'utf8')}1`);
  assert.ok(!existsSync(`${root}/etc/hosts`) && !existsSync(`${root}/proc`));
  assert.equal(
    await inside(account(), { cwd }, ['--rootfs', root, '--network', 'none'], 'test -s /etc/resolv.conf || echo none'),
    'none',
  );
});

test('--read-only keeps it as it is, with places to write that are in memory', withBusybox, async (t) => {
  const [cwd, root] = [workDirectory(t, account()), busyboxRoot(t, account())];
  const script =
    'for p in / /bin /etc /var; do echo x 2>/dev/null > $p/file && echo written $p; done; echo x > /tmp/file && echo x > /run/file && echo x > /var/tmp/file && echo x > file && echo rest';
  assert.equal(await inside(account(), { cwd }, ['--rootfs', root, '--read-only'], script), 'rest');
});

test(
  'a symbolic link of the root leads nowhere but inside: the host is not mounted on, nor written to',
  withBusybox,
  async (t) => {
    const [cwd, root, host] = [workDirectory(t, account()), busyboxRoot(t, account()), workDirectory(t, account())];
    // The links' target is there twice: on the host, where they must not lead, and under the same path inside.
    for (const [base, content] of [
      [host, 'secret of the host'],
      [`${root}${host}`, 'inside'],
    ] as const) {
      mkdirSync(`${base}/below`, { recursive: true });
      writeFileSync(`${base}/file`, content);
    }
    for (const path of [host, `${root}/var`]) execFileSync('chown', ['-R', `${account().uid}:${account().gid}`, path]);
    plant(root, account(), 'absolute', host);
    plant(root, account(), 'relative', `../../../../../../../..${host}`);
    plant(root, account(), 'var/to-file', `${host}/file`);
    const volume = workDirectory(t, account());
    writeFileSync(`${volume}/content`, 'volume\n');
    const places = [
      `${volume}:/absolute/new`,
      `${volume}:/relative/below`,
      `${volume}/content:/var/to-file`,
      `${volume}:/relative/x/y`,
    ];
    const words = [...places.flatMap((place) => ['-v', place]), '--tmpfs', '/relative/tmpfs'];
    const script = `cat /absolute/new/content ${host}/below/content ${host}/x/y/content /var/to-file ${host}/file; stat -f -c %T ${host}/tmpfs`;
    const seen = await inside(account(), { cwd }, ['--rootfs', root, ...words], script);
    assert.equal(seen, `${'volume\n'.repeat(5)}tmpfs`);
    assert.deepEqual(readdirSync(host).sort(), ['below', 'file']);
    assert.deepEqual(readdirSync(`${host}/below`), []);
    assert.equal(readFileSync(`${host}/file`, 'utf8'), 'secret of the host');
  },
);

test('a place behind a symbolic link that leads nowhere is refused', withBusybox, async (t) => {
  const [cwd, root, host] = [workDirectory(t, account()), busyboxRoot(t, account()), workDirectory(t, account())];
  plant(root, account(), 'dangling', host);
  const { status, stderr } = await tryInside(
    account(),
    { cwd },
    ['--rootfs', root, '--tmpfs', '/dangling/new'],
    'true',
  );
  assert.equal(status, 125);
  assert.match(stderr, /\/dangling\/new.*ENOENT/s);
  assert.deepEqual(readdirSync(host), []);
});

test('names are resolved where resolv.conf is a link into /run, as systemd makes it', withBusybox, async (t) => {
  const [cwd, root] = [workDirectory(t, account()), busyboxRoot(t, account())];
  plant(root, account(), 'etc/resolv.conf', '../run/systemd/resolve/stub-resolv.conf');
  const seen = await inside(account(), { cwd }, ['--rootfs', root], 'cat /etc/resolv.conf');
  assert.equal(`${seen}\n`, readFileSync('/etc/resolv.conf', 'utf8'));
});

test('system directories that are symbolic links lead nowhere but inside too', withBusybox, async (t) => {
  const names = ['proc', 'sys', 'dev', 'run'];
  for (const name of [...names, 'etc/hosts', 'etc/resolv.conf', 'etc/hostname']) {
    const [cwd, root, host] = [workDirectory(t, account()), busyboxRoot(t, account()), workDirectory(t, account())];
    mkdirSync(`${host}/directory`);
    writeFileSync(`${host}/file`, 'of the host');
    for (const path of [host, `${host}/directory`, `${host}/file`]) chownSync(path, account().uid, account().gid);
    plant(root, account(), name, `${host}/${name.includes('/') ? 'file' : 'directory'}`);
    await tryInside(account(), { cwd }, ['--rootfs', root], 'true');
    assert.deepEqual(readdirSync(host).sort(), ['directory', 'file'], name);
    assert.deepEqual(readdirSync(`${host}/directory`), [], name);
    assert.equal(readFileSync(`${host}/file`, 'utf8'), 'of the host', name);
  }
});

test("a passwd that is a link to the host's is not read", withBusybox, async (t) => {
  const [cwd, root] = [workDirectory(t, account()), busyboxRoot(t, account())];
  const { rmSync } = await import('node:fs');
  rmSync(`${root}/etc/passwd`);
  plant(root, account(), 'etc/passwd', '/etc/passwd');
  const { status } = await tryInside(account(), { cwd }, ['--rootfs', root, '-u', 'daemon'], 'true');
  assert.equal(status, 125);
});

test('a root that cannot be one is refused', withBusybox, async (t) => {
  const cwd = workDirectory(t, account());
  writeFileSync(`${cwd}/file`, '');
  for (const [root, status, message] of [
    ['/', 125, /--rootfs: \/ is the host itself\n.*hint:/],
    ['./file', 125, /--rootfs: expected a directory/],
    ['.', 127, /command not found/],
  ] as const) {
    const result = await sandbox(account(), ['run', '--workspace', 'none', '--rootfs', root, '--', '/bin/true'], {
      cwd,
    });
    assert.equal(result.status, status);
    assert.match(result.stderr, message);
  }
  assert.deepEqual(readdirSync(cwd), ['file']);
});
