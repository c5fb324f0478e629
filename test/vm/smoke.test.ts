import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { dockerMembers, imageOf, runnableLayers } from '../support/image-archive.ts';
import { archive } from '../support/tar/write.ts';
import type { Result } from '../support/user.ts';
import { SANDBOX } from './inside.ts';
import { type Account, machine, needsMachine } from './machine.ts';

const skip = needsMachine();

/** What `docker save` writes, made on the host. */
const image = () => archive(dockerMembers([{ image: imageOf(runnableLayers()), names: ['small:1'] }]));

/** Opens a sandbox, joins it when it says that it is open, and ends as the first does. */
const JOINED = `${SANDBOX} shell small:1 -- sh -c '
    touch /kept; busybox readlink /proc/self/ns/mnt; until [ -e /done ]; do sleep 0.2; done; exit 5' >first &
  until [ -s first ] || ! kill -0 $!; do sleep 0.2; done
  cat first
  ${SANDBOX} shell small -- sh -c 'busybox readlink /proc/self/ns/mnt; ls /kept; touch /done'
  wait $!`;

const STRICT = `grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status
  unshare --user true 2>/dev/null || echo no user namespace
  strace true 2>/dev/null || echo no ptrace
  sed -n 's/: .*//p' /proc/net/dev`;

function succeeded(result: Result): string {
  assert.equal(result.status, 0, `${result.stdout}${result.stderr}`);
  return result.stdout;
}

const inside = async (account: Account, words: readonly string[]) =>
  succeeded(await machine.sandbox(account, ['run', '--workspace', 'none', ...words]));

for (const account of ['dev', 'bare'] as const) {
  describe(`a login session of ${account}`, { skip }, () => {
    before(async () => {
      // Prepares the host image of a new store.
      await inside(account, ['--', 'true']);
    });

    it('finds all that it needs', async () => {
      const checks = succeeded(await machine.sandbox(account, ['doctor']));
      const kernel = succeeded(await machine.run('root', ['uname', '-r'])).trim();
      assert.match(checks, new RegExp(`^ok +Kernel\\n +Linux ${kernel}$`, 'm'));
      assert.match(checks, /^0 errors/m);
      const ids = account === 'dev' ? /^ok +Subordinate ids/m : /^(warning|info) +Subordinate ids/m;
      assert.match(checks, ids);
    });

    it('runs a command on a copy of the host that nothing leaves', async () => {
      const out = await inside(account, ['--', 'sh', '-c', 'id -un; touch /usr/here && ls /usr/here; ls /home']);
      assert.equal(out, `${account}\n/usr/here\n${account}\n`);
      const { status } = await machine.run('root', ['test', '-e', '/usr/here']);
      assert.equal(status, 1);
    });

    it('writes to the workspace as the account, without a network, and gives on input and status', async () => {
      succeeded(await machine.run(account, ['mkdir', '-p', 'project']));
      const options = { cwd: `/home/${account}/project`, input: 'made\n' };
      const words = ['run', '--network', 'none', '--', 'sh', '-c', 'cat >file; ls /sys/class/net; kill -9 $$'];
      const { status, stdout, stderr } = await machine.sandbox(account, words, options);
      assert.deepEqual([status, stdout], [137, 'lo\n'], stderr);
      const file = await machine.shell(account, 'stat -c %U project/file; cat project/file');
      assert.equal(file.stdout, `${account}\nmade\n`);
    });

    it('loads an image and opens a sandbox of it that others join', async () => {
      const loaded = await machine.sandbox(account, ['image', 'load', '--quiet'], { input: image() });
      assert.match(succeeded(loaded), /small:1/);
      const { status, stdout, stderr } = await machine.shell(account, JOINED);
      const [first, second, ...rest] = stdout.split('\n');
      assert.equal(status, 5, stderr);
      assert.equal(second, first, 'both are in the same namespaces');
      assert.deepEqual(rest, ['/kept', ''], stderr);
      const again = await machine.sandbox(account, ['shell', 'small', '--', 'ls', '/kept', '/done']);
      assert.equal(succeeded(again), '/done\n/kept\n');
      succeeded(await machine.sandbox(account, ['rm', 'small']));
      assert.doesNotMatch(succeeded(await machine.sandbox(account, ['ps', '--all'])), /small/);
    });

    it('holds an untrusted command with --profile strict', async () => {
      const out = await inside(account, ['--profile', 'strict', '--', 'sh', '-c', STRICT]);
      assert.equal(out, 'NoNewPrivs:\t1\nSeccomp:\t2\nno user namespace\nno ptrace\n    lo\n');
    });
  });
}
