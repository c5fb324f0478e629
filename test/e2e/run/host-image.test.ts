import assert from 'node:assert/strict';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { test } from 'node:test';
import { sandbox, workDirectory } from '../../support/user.ts';
import { account, inside, ordinary, tryInside } from '../support/inside.ts';

test("the host's own programs and libraries run", ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const seen = await inside(account(), { cwd }, [], 'sha256sum < /usr/bin/env; perl -MPOSIX -e "print 6*7, qq(\\n)"');
  const expected = await import('node:crypto').then(({ createHash }) =>
    createHash('sha256').update(readFileSync('/usr/bin/env')).digest('hex'),
  );
  assert.equal(seen, `${expected}  -\n42`);
});

test('files can be made, replaced and removed anywhere, and the host stays as it was', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const hostEnv = readFileSync('/usr/bin/env');
  const hostPasswd = readFileSync('/etc/passwd', 'utf8');
  const script = `set -e
    for place in /usr /usr/bin /usr/lib /usr/share/doc /etc /var /var/lib /opt /srv /; do
      mkdir "$place/new-directory"; echo new > "$place/new-directory/file"; echo new > "$place/new-file"
      cat "$place/new-file"; rm "$place/new-file"; rm -r "$place/new-directory"; test ! -e "$place/new-directory"
    done
    rm /usr/bin/env; test ! -e /usr/bin/env
    printf '#!/bin/sh\\necho replaced\\n' > /usr/bin/env; chmod +x /usr/bin/env; /usr/bin/env
    cp /usr/bin/id /usr/bin/id.new; mv /usr/bin/id.new /usr/bin/id; id -u
    rm -r /usr/share/doc/*; ls /usr/share/doc | wc -l
    ln -s /nowhere /usr/local/link; readlink /usr/local/link`;
  const seen = await inside(account(), { cwd }, [], script);
  const lines = [...Array<string>(10).fill('new'), 'replaced', String(account().uid), '0', '/nowhere'];
  assert.deepEqual(seen.split('\n'), lines);
  assert.deepEqual(readFileSync('/usr/bin/env'), hostEnv);
  assert.equal(readFileSync('/etc/passwd', 'utf8'), hostPasswd);
  assert.ok(readdirSync('/usr/share/doc').length > 10);
  for (const path of ['/usr/new-file', '/etc/new-file', '/new-file', '/usr/local/link'])
    assert.ok(!existsSync(path), path);
});

test('files of /etc are changed in place: appended, edited, chmod, renamed', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const before = readFileSync('/etc/passwd', 'utf8');
  const script = `set -e
    echo 'guest:x:4321:4321::/:/bin/sh' >> /etc/passwd
    sed -i 's/^root:x:/root:changed:/' /etc/passwd
    head -n 1 /etc/passwd; tail -n 1 /etc/passwd; getent passwd 4321 | cut -d: -f1
    chmod 600 /etc/passwd; stat -c %a /etc/passwd
    mv /etc/passwd /etc/passwd.away; test ! -e /etc/passwd; mv /etc/skel /etc/bones; test -d /etc/bones; test ! -e /etc/skel`;
  const [first, last, name, mode] = (await inside(account(), { cwd }, [], script)).split('\n');
  assert.match(first ?? '', /^root:changed:0:0:/);
  assert.equal(last, 'guest:x:4321:4321::/:/bin/sh');
  assert.deepEqual([name, mode], ['guest', '600']);
  assert.equal(readFileSync('/etc/passwd', 'utf8'), before);
});

test('what the user owns is changed in place, and the host keeps its own', ordinary, async (t) => {
  const [base, { uid, gid }] = [`/usr/local/src/sandbox-owned-${process.pid}`, account()];
  if (process.getuid?.() !== 0) return t.skip('cannot run here: needs root to make a directory there');
  mkdirSync(base, { mode: 0o755 });
  t.after(() => rmSync(base, { recursive: true, force: true }));
  writeFileSync(`${base}/own`, 'host\n');
  for (const path of [base, `${base}/own`]) chownSync(path, uid, gid);
  const cwd = workDirectory(t, account());
  const script = `echo sandbox >> ${base}/own && chmod 640 ${base}/own && mv ${base}/own ${base}/moved && cat ${base}/moved`;
  assert.equal(await inside(account(), { cwd }, [], script), 'host\nsandbox');
  assert.deepEqual([readdirSync(base), readFileSync(`${base}/own`, 'utf8')], [['own'], 'host\n']);
});

test("what is root's outside of /etc cannot be changed in place, only replaced", ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const appended = await tryInside(account(), { cwd }, [], 'echo x >> /usr/bin/env');
  assert.notEqual(appended.status, 0);
  assert.equal(
    await inside(
      account(),
      { cwd },
      [],
      'cp /usr/bin/env /usr/bin/e && mv /usr/bin/e /usr/bin/env && echo x >> /usr/bin/env && echo ok',
    ),
    'ok',
  );
});

test('nothing of the home is there but the workspace', ordinary, async (t) => {
  const { home } = account();
  const secrets = [`${home}/.ssh`, `${home}/.netrc`];
  t.after(() => {
    for (const path of secrets) rmSync(path, { recursive: true, force: true });
  });
  mkdirSync(`${home}/.ssh`, { recursive: true });
  writeFileSync(`${home}/.ssh/id_ed25519`, 'secret');
  writeFileSync(`${home}/.netrc`, 'secret');
  const cwd = workDirectory(t, account());
  const name = cwd.slice(home.length + 1);
  const script = `ls -A "$HOME"; cat "$HOME/.ssh/id_ed25519" "$HOME/.netrc"; cd "$HOME" && echo mine > .profile && cat .profile`;
  const { stdout, stderr, status } = await tryInside(account(), { cwd }, [], script);
  assert.deepEqual([status, stdout], [0, `${name}\nmine\n`]);
  assert.equal(stderr.match(/No such file/g)?.length, 2);
  assert.ok(!existsSync(`${home}/.profile`) || readFileSync(`${home}/.profile`, 'utf8') !== 'mine\n');
});

test('/tmp, /var/tmp, /run, /home and /root are empty and writable', ordinary, async (t) => {
  writeFileSync(`/tmp/sandbox-on-host-${process.pid}`, '');
  t.after(() => rmSync(`/tmp/sandbox-on-host-${process.pid}`));
  const cwd = workDirectory(t, account());
  const script =
    'for d in /tmp /home /root; do ls -A $d; echo x > $d/file || exit 1; done; ls /run /var/tmp; stat -c %a /tmp /var/tmp';
  const [run, ...rest] = (await inside(account(), { cwd }, [], script))
    .split('\n')
    .filter((line) => !line.startsWith('/'));
  const firstOfHome = account().home.startsWith('/var/tmp/') ? [account().home.split('/')[3]] : [];
  assert.deepEqual(
    [run, ...rest].filter((line) => line !== ''),
    ['lock', ...firstOfHome, '1777', '1777'],
  );
});

test('names of users, addresses and the time zone are those of the host', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const script = `id -un; cat /etc/resolv.conf; echo ---; cat /etc/hosts; echo ---; date +%z; TZ=Asia/Tokyo date +%z; echo $TZ`;
  const seen = await inside(account(), { cwd, env: { TZ: 'Asia/Kolkata' } }, [], `unset TZ; ${script}`);
  const [names = '', hosts = '', times = ''] = seen.split('---\n');
  assert.equal(names, `${account().name}\n${readFileSync('/etc/resolv.conf', 'utf8')}`);
  assert.ok(hosts.startsWith(readFileSync('/etc/hosts', 'utf8').trimEnd()));
  assert.match(hosts, /^127\.0\.1\.1 sandbox$/m);
  const offset = -new Date().getTimezoneOffset();
  const zone = `${offset < 0 ? '-' : '+'}${String(Math.floor(Math.abs(offset) / 60)).padStart(2, '0')}${String(Math.abs(offset) % 60).padStart(2, '0')}`;
  assert.deepEqual(times.trim().split('\n'), [zone, '+0900']);
  assert.equal(await inside(account(), { cwd, env: { TZ: 'Asia/Kolkata' } }, [], 'date +%z'), '+0530');
});

test('--read-only refuses writes to the root file system, and to nothing else', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const script = `for p in / /usr /etc /var /var/lib /opt; do echo x 2>/dev/null > $p/file && echo written: $p; done
    echo x > /tmp/file && echo x > file && echo x > /dev/shm/file && echo x > /run/file && echo x > /var/tmp/file && echo rest`;
  assert.equal(await inside(account(), { cwd }, ['--read-only'], script), 'rest');
  assert.equal(readFileSync(`${cwd}/file`, 'utf8'), 'x\n');
});

test('--hostname names the sandbox alone', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const before = hostname();
  const script = 'cat /proc/sys/kernel/hostname /etc/hostname; uname -n; getent hosts "$(uname -n)" | cut -d" " -f1';
  assert.equal(
    await inside(account(), { cwd }, ['--hostname', 'box.example'], script),
    'box.example\nbox.example\nbox.example\n127.0.1.1',
  );
  assert.equal(await inside(account(), { cwd }, [], 'uname -n'), 'sandbox');
  assert.equal(hostname(), before);
});

test('host is the name of the image of this machine', ordinary, async () => {
  assert.equal((await sandbox(account(), ['run', 'host', 'true'])).status, 0);
});
