/** What a kernel older than the developers' own lacks, and how the user is told. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { machine, needsMachine } from './machine.ts';

/** landlock_create_ruleset and, from Linux 6.8 on, statmount: new calls have one number on all architectures. */
const CREATE_RULESET = 444;
const STATMOUNT = 457;

describe('Linux 6.1', { skip: needsMachine() }, () => {
  it('has the second version of Landlock: strict takes what there is, rules for ports are refused', async (t) => {
    const { stdout: kernel } = await machine.run('dev', ['uname', '-r']);
    if (!kernel.startsWith('6.1.')) return t.skip(`the machine runs ${kernel.trim()}`);

    const { stdout: version } = await machine.run('dev', ['perl', '-e', `print syscall(${CREATE_RULESET}, 0, 0, 1)`]);
    assert.equal(version, '2');
    const { stdout: checks } = await machine.sandbox('dev', ['doctor']);
    assert.match(checks, /version 2, without .*TCP ports \(Linux 6\.7\)/);

    const run = ['run', '--workspace', 'none', '--profile', 'strict'];
    const calls = `syscall(${STATMOUNT}, 0, 0, 0, 0); print $!{ENOSYS} ? 'unknown' : 'known or refused'`;
    const held = await machine.sandbox('dev', [...run, '--', 'perl', '-MErrno', '-e', calls]);
    assert.deepEqual([held.status, held.stdout], [0, 'unknown'], held.stderr);

    const ports = await machine.sandbox('dev', [...run, '--connect-tcp', '443', '--', 'true']);
    assert.equal(ports.status, 125);
    assert.match(ports.stderr, /TCP ports[\s\S]*Linux 6\.7/);
  });

  it('lets a sandbox be made where AppArmor is on', async () => {
    const { stdout } = await machine.shell('root', 'cat /sys/module/apparmor/parameters/enabled');
    assert.equal(stdout, 'Y\n');
    const { status, stderr } = await machine.sandbox('bare', ['run', '--workspace', 'none', '--', 'true']);
    assert.equal(status, 0, stderr);
  });
});
