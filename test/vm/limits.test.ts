/** Limits by control groups: the machine has cgroup v2, and systemd delegates to login sessions. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { SANDBOX } from './inside.ts';
import { machine, needsMachine } from './machine.ts';

const skip = needsMachine();
const run = async (...words: string[]) => await machine.sandbox('dev', ['run', '--workspace', 'none', ...words]);
const shell = async (text: string) => await machine.shell('dev', `S=${SANDBOX}; ${text}`);
const GROUPS = '/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice';
const UP = (name: string) => `for i in $(seq 200); do $S ps -q | grep -qx ${name} && break; sleep 0.2; done`;

describe('limits in a login session', { skip }, () => {
  before(async () => {
    assert.equal((await run('--', 'true')).status, 0);
  });

  it('are in the group that is the topmost one inside', async () => {
    const script = 'cat /proc/self/cgroup /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max /sys/fs/cgroup/cpu.max';
    const { stdout, stderr } = await run('-m', '64m', '--pids-limit', '100', '--cpus', '0.5', '--', 'sh', '-c', script);
    assert.equal(stdout, '0::/\n67108864\n100\n50000 100000\n', stderr);
  });

  it('of memory end the sandbox, and the numbers are told', async () => {
    const { status, stderr } = await run(
      '-m',
      '32m',
      '--',
      'sh',
      '-c',
      'head -c 200m /dev/zero | tail >/dev/null; echo on',
    );
    assert.equal(status, 137);
    assert.match(stderr, /^sandbox: out of memory: the sandbox may use 32m .*, it used 32m; \d+ processes killed$/m);
  });

  it('of processes stop a fork bomb, and the host stays usable', async () => {
    const bomb = run('--pids-limit', '30', '--timeout', '10', '--', 'sh', '-c', 'b() { b | b & }; b; sleep 60');
    assert.equal((await machine.run('dev', ['true'])).status, 0);
    const { status, stderr } = await bomb;
    assert.equal(status, 137);
    assert.match(stderr, /Cannot fork/);
  });

  it('that need a controller which is not delegated name it', async () => {
    const { status, stderr } = await run('--io-weight', '5', '--', 'true');
    assert.equal(status, 125);
    assert.match(stderr, /--io-weight: the cgroup controller io is not delegated/);
  });

  it('leave no group behind, also where the monitor was killed', async () => {
    const { stdout } = await shell(
      `$S shell --name gone -m 100m -- sleep 600 & P=$!; ${UP('gone')}; kill -9 $P; sleep 3; ls -d ${GROUPS}/sandbox-* 2>/dev/null; $S rm gone`,
    );
    assert.equal(stdout, 'gone\n');
  });

  it('hold who joins, are shown, changed, paused and killed', async () => {
    const { stdout, stderr } = await shell(`
      $S shell --name one -m 100m --pids-limit 64 -- sh -c 'while :; do date +%s.%N > /tmp/tick; sleep 0.2; done' &
      ${UP('one')}
      G=$(ls -d ${GROUPS}/sandbox-*.scope/payload)
      $S shell one -- cat /proc/self/cgroup
      $S stats --json one | grep -E '"(source|memoryLimit|pidsLimit)"'
      $S update --memory 50m one; cat $G/memory.max
      $S pause one; cat $G/cgroup.freeze; grep frozen $G/cgroup.events; $S shell one -- true; echo $?
      $S unpause one; cat $G/cgroup.freeze
      $S kill one; wait; echo $?; $S rm one`);
    assert.equal(
      stdout,
      `0::/\n    "source": "controlGroup",\n    "memoryLimit": 104857600,\n    "pidsLimit": 64,\none\n52428800\none\n1\nfrozen 1\n125\none\n0\none\n0\none\n`,
      stderr,
    );
    assert.match(stderr, /the sandbox is paused/);
  });
});

describe('limits without a session', { skip }, () => {
  it('are an error that says why, or a note', async () => {
    const words = (more: string) =>
      `cd /tmp; env -i PATH=$PATH su nobody -s /bin/sh -c 'HOME=/tmp/nobody ${SANDBOX} run ${more}'`;
    const prepare = 'mkdir -p /tmp/nobody && chown nobody /tmp/nobody;';
    const refused = await machine.shell('root', `${prepare} ${words('-m 64m -- true')}`);
    assert.equal(refused.status, 125);
    assert.match(refused.stderr, /no control group is delegated to you[\s\S]*--limits best-effort/);
    const loose = await machine.shell('root', `${prepare} ${words('-m 64m --limits best-effort -- echo ran')}`);
    assert.equal(loose.stdout, 'ran\n', loose.stderr);
    assert.match(loose.stderr, /sandbox: no limits: no control group is delegated/);
  });
});
