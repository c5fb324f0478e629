/** Projects in login sessions: another machine's lock, steps, shims, the hook, and services under limits. */
import assert from 'node:assert/strict';
import { chownSync, readFileSync, writeFileSync } from 'node:fs';
import { before, describe, it, type TestContext } from 'node:test';
import { dockerMembers, imageOf, runnableLayers } from '../support/image-archive.ts';
import { archive } from '../support/tar/write.ts';
import { needsAccount, type Result, sandbox, testUser, workDirectory } from '../support/user.ts';
import { SANDBOX } from './inside.ts';
import { machine, needsMachine } from './machine.ts';

const skip = needsMachine() || needsAccount('subordinate');

const image = () => archive(dockerMembers([{ image: imageOf(runnableLayers()), names: ['projects:1'] }]));

/** What overlays and mappings can differ in: owners, whiteouts, directories that are replaced, extended attributes. */
const TOML = `
name = "shop"
image = "projects:1"
shims = ["sh"]

[[steps]]
name = "first"
run = "mkdir -p /opt/old/deep; echo one | busybox tee /opt/first > /opt/old/deep/file; touch /opt/gone; busybox chown 7:7 /opt/gone /etc/above || true"

[[steps]]
name = "inputs"
run = "cat data > /opt/data; busybox ln /opt/data /opt/linked; busybox rm /opt/gone"
inputs = ["data"]

[[steps]]
name = "replaced"
run = "busybox rm -r /opt/old; mkdir /opt/old; echo new > /opt/old/new"

[env.held]
extends = "default"
limits = { memory = "40m", cpus = 1.5, pids-limit = 20 }

[service.web]
environment = "held"
run = "echo listening; exec sleep 1000"
ready = { log = "listening" }

[service.hungry]
environment = "held"
requires = ["web"]
run = "read go < fifo; exec busybox dd if=/dev/zero of=/dev/null bs=200M count=1"
`;
const DATA = 'of the project\n';

function succeeded(result: Result): string {
  assert.equal(result.status, 0, `${result.stdout}${result.stderr}`);
  return result.stdout;
}

const inProject = async (account: 'dev' | 'bare', text: string) =>
  await machine.shell(account, `cd shop && S=${SANDBOX}; ${text}`);

/** Directories of control groups that sandboxes have. */
const GROUPS =
  'groups() { ls -d /sys/fs/cgroup/user.slice/user-$(id -u).slice/user@$(id -u).service/app.slice/sandbox-* 2>/dev/null; }';

let lock: Promise<string> | undefined;
/** Builds the project on this machine, on another kernel and under other subordinate ids; gives its sandbox.lock. */
async function lockOfHost(t: TestContext): Promise<string> {
  const user = testUser();
  const directory = workDirectory(t, user);
  const env = { XDG_DATA_HOME: workDirectory(t, user) };
  for (const [name, text] of [
    ['sandbox.toml', TOML],
    ['data', DATA],
  ] as const) {
    writeFileSync(`${directory}/${name}`, text);
    chownSync(`${directory}/${name}`, user.uid, user.gid);
  }
  succeeded(await sandbox(user, ['image', 'load', '--quiet'], { cwd: directory, env, input: image() }));
  succeeded(await sandbox(user, ['build'], { cwd: directory, env }));
  return readFileSync(`${directory}/sandbox.lock`, 'utf8');
}

const SEEN = 'one\nnew\nof the project\nof the project\n0\n';
const LOOK = `busybox cat /opt/first /opt/old/new /opt/data /opt/linked; ls /opt/gone /opt/old/deep 2>/dev/null | busybox wc -l`;

for (const account of ['dev', 'bare'] as const) {
  describe(`a project in a login session of ${account}`, { skip }, () => {
    before(async () => {
      succeeded(await machine.sandbox(account, ['image', 'load', '--quiet'], { input: image() }));
    });

    it('is built as the lock of another machine says', async (t) => {
      lock ??= lockOfHost(t);
      const files = { 'sandbox.toml': TOML, data: DATA, 'sandbox.lock': await lock };
      const members = Object.entries(files).map(([name, data]) => ({ name: `shop/${name}`, data }));
      succeeded(await machine.run(account, ['tar', '-x'], { input: archive(members) }));
      // Frozen: another result of a step is refused, where results can be compared.
      const built = await inProject(account, 'CI=true $S build');
      assert.match(succeeded(built), /default: 3 steps: 3 built/);
      const seen = await inProject(account, `CI=true $S shell -c '${LOOK}; stat -c %u:%g /etc/above'`);
      assert.equal(succeeded(seen), `${SEEN}${account === 'dev' ? '7:7' : '0:0'}\n`);
    });

    it('has shims that give on arguments, input, directory and status', async () => {
      const { status, stdout, stderr } = await inProject(
        account,
        `$S shim; mkdir -p sub; cd sub; echo typed | ../.sandbox/bin/sh -c 'echo "$@"; cat; pwd; cat /opt/first; exit 7' x 'a b' c`,
      );
      const home = `/home/${account}/shop`;
      assert.equal(stdout, `${home}/.sandbox/bin/sh\na b c\ntyped\n${home}/sub\none\n`, stderr);
      assert.equal(status, 7);
    });
  });
}

describe('a project in a login session', { skip }, () => {
  it('has its shims on PATH once it is trusted', async () => {
    const find = (label: string) => `echo "${label} $(type -P sh)"`;
    const lines = [
      ...['eval "$($S hook bash)"', 'cd ~/shop', find('untrusted'), '$S trust >/dev/null', find('trusted')],
      ...['sh -c "cat /opt/first; exit 4"', 'echo $?', 'cd /', find('outside'), 'exit 0'],
    ];
    const { stdout, stderr } = await machine.run('dev', ['bash', '--norc', '-i'], {
      env: { S: SANDBOX, PS1: '', TERM: 'dumb' },
      input: `${lines.join('\n')}\n`,
    });
    assert.match(
      stdout,
      /^untrusted \/usr\/bin\/sh\ntrusted \/home\/dev\/\.local\/share\/sandbox\/projects\/[^/]+\/bin\/sh\none\n4\noutside \/usr\/bin\/sh\n$/,
      stderr,
    );
  });

  it('has services in one control group, which is gone with them', async () => {
    const { stdout, stderr } = await inProject(
      'dev',
      `${GROUPS}
      mkfifo fifo
      $S up --detach >/dev/null || exit
      G=$(groups)/payload
      cat $G/memory.max $G/cpu.max $G/pids.max $G/memory.oom.group
      [ $(grep -c . $G/cgroup.procs) -ge 4 ] && echo init and two services
      $S shell held -c 'cat /proc/self/cgroup; for i in $(busybox seq 30); do sleep 1000 & done' || echo $?
      $S ps | grep -cw ready
      $S down
      groups; echo end`,
    );
    const limits = ['41943040', '150000 100000', '20', '1'];
    assert.equal(stdout, `${[...limits, 'init and two services', '0::/', '2', '2', 'end'].join('\n')}\n`, stderr);
    assert.match(stderr, /can't fork/);
    assert.match(stderr, /stopped: web, hungry/);
  });

  it('has its services killed when they take more memory, and says so', async () => {
    const { status, stdout, stderr } = await inProject(
      'dev',
      `${GROUPS}
      { echo go >fifo; } >/dev/null 2>&1 &
      $S up; STATUS=$?; kill $!
      groups; $S ps; exit $STATUS`,
    );
    assert.equal(status, 1, stderr);
    assert.match(stderr, /^sandbox: out of memory: the sandbox may use 40m and 40m of swap \(--memory\), it used /m);
    assert.match(stderr, /^sandbox: the service (web|hungry) has ended with status 137/m);
    assert.match(stdout, /^(web|hungry) +held +failed \(137\)/m);
    assert.doesNotMatch(stdout, /scope/);
  });

  it('loses the results that it does not need any more to gc, and no other', async () => {
    const { status, stdout, stderr } = await inProject(
      'dev',
      `sed -i 's/echo new[a-z]* /echo newer /' sandbox.toml
      $S build -q held && $S shim -q >/dev/null && $S gc --json --unused --older-than 0s | grep -E '"(layers|steps)"' && $S build
      $S shell -c 'cat /opt/first /opt/old/new'`,
    );
    assert.equal(status, 0, stderr);
    // The step's, and what the shims had above it.
    assert.equal(stdout, '  "layers": 2,\n  "steps": 1,\ndefault: nothing has changed\none\nnewer\n', stderr);
  });
});
