import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needsRegistry } from '../../support/registry/registry.ts';
import { needsAccount } from '../../support/user.ts';
import { packagesWorld } from './support/world.ts';

/** What is done to the image so that a manager is the first that is found. */
const MANAGERS = {
  dnf: 'command -v dnf',
  zypper: 'rm /usr/bin/dnf',
  pacman: 'rm /usr/bin/dnf /usr/bin/zypper',
} as const;

const LOOK = `hello-x
stat -c '%a %U:%G' /usr/share/hello-x/text /usr/bin/hello-x
cat /usr/share/hello-x/made
find /var/cache/dnf /var/cache/pacman /var/cache/zypp /var/lib/pacman/sync /var/log -type f -size +0 2>/dev/null || :`;

/** Who is asked what is installed, as somebody who may not write to its database. */
const ASK: Readonly<Record<keyof typeof MANAGERS, string>> = {
  dnf: 'rpm -q hello-x hello-data',
  zypper: 'rpm -q hello-x hello-data',
  pacman: 'pacman -Q hello-x hello-data',
};

for (const kind of ['subordinate', 'bare'] as const) {
  const skip = needsAccount(kind) || needsRegistry('managers:1');
  test(`packages of dnf, zypper and pacman, account: ${kind}`, { skip, timeout: 600_000 }, async (t) => {
    const { image, project } = await packagesWorld(t, 'managers:1', kind);
    for (const [manager, hide] of Object.entries(MANAGERS)) {
      await t.test(manager, async () => {
        const { origins, says } = project(manager, {
          'sandbox.toml': `image = "${image}"
[[steps]]
run = "${hide}"
[env.hello]
extends = "default"
packages = ["hello-x"]
`,
        });
        assert.deepEqual(await origins('hello'), ['1 built', '2 built']);
        assert.deepEqual(await origins('hello'), ['1 reused', '2 reused']);

        // Without a network: all that it takes was installed.
        const group = kind === 'subordinate' ? 'mail' : 'root';
        const seen = await says('shell', '--network', 'none', 'hello', '-c', LOOK);
        assert.equal(seen, `hello\n640 root:${group}\n755 root:root\nset up\n`);
        if (kind === 'bare') return;
        const other = 'setpriv --reuid 65534 --regid 65534 --clear-groups';
        const ask = `${other} ${ASK[manager as keyof typeof MANAGERS]} | cut -d . -f 1`;
        assert.match(await says('shell', 'hello', '-c', ask), /^hello-x[- ]1\nhello-data[- ]1\n$/);
        assert.equal(await says('verify', 'hello', '-q'), '[1/2] step 1: the same\n[2/2] packages: the same\n');
      });
    }
  });
}
