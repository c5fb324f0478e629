import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CANNOT_RUN_HERE } from '../../packages.ts';
import { needsRegistry, testRegistry } from '../../support/registry/registry.ts';
import { account, bare, ordinary } from '../support/inside.ts';
import { type FreshStore, freshStore, onStore } from './support/store.ts';

/** Small, with an account of its own, a set-group-ID program and a configuration file. */
const PACKAGE = 'cron';
const PROXIES = ['http_proxy', 'https_proxy', 'no_proxy'].flatMap((name) => {
  const value = process.env[name];
  return value === undefined ? [] : ['--env', `${name}=${value}`];
});

/** Whether the first mirror that the image names answers this machine. */
async function reachesMirror(store: FreshStore, image: string): Promise<boolean> {
  const sources = await onStore(store, ['run', '--workspace', 'none', image, '--', 'cat', '/etc/apt/sources.list']);
  const [, address, suite] = /^deb (?:\[.*\] )?(http\S+) (\S+)/m.exec(sources) ?? [];
  try {
    return (await fetch(`${address}/dists/${suite}/InRelease`, { signal: AbortSignal.timeout(10_000) })).ok;
  } catch {
    return PROXIES.length > 0;
  }
}

for (const { kind, options, group } of [
  { kind: 'subordinate', options: ordinary, group: 'crontab' },
  // There is but one id: the group of every file is root's.
  { kind: 'bare', options: bare, group: 'root' },
] as const) {
  const name = `apt-get install in a Debian image, account: ${kind}`;
  test(name, { skip: options.skip || needsRegistry('debian:bookworm') }, async (t) => {
    const user = account(kind);
    const { images } = await testRegistry(t, 'debian:bookworm');
    const [image = ''] = images;
    const store = freshStore(t, user);
    if (!(await reachesMirror(store, image))) return t.skip(`${CANNOT_RUN_HERE}no Debian mirror answers`);
    const install = `apt-get update -qq && apt-get install -y -qq --no-install-recommends ${PACKAGE} >/var/log/out 2>&1`;
    const look = 'dpkg --audit; stat -c "%a %U:%G" /usr/bin/crontab; getent group crontab | cut -d: -f1';
    const script = `export DEBIAN_FRONTEND=noninteractive; { ${install}; } || { cat /var/log/out; exit 1; }; ${look}`;
    const shell = ['shell', '--name', 'apt', '--workspace', 'none', ...PROXIES, image];
    const seen = await onStore(store, [...shell, '--', 'sh', '-c', script]);
    // Without other ids the program that sets a group keeps whatever bits the kernel leaves it.
    const [mode, ...rest] = seen
      .trimEnd()
      .split('\n')
      .flatMap((line) => line.split(' '));
    assert.deepEqual(rest, [`root:${group}`, 'crontab']);
    if (kind === 'subordinate') assert.equal(mode, '2755');
    // What was installed is there when the sandbox is opened again, and not in the image.
    const again = ['--workspace', 'none', '--', 'sh', '-c', `dpkg-query -W -f '\${Status}' ${PACKAGE}`];
    assert.equal(await onStore(store, ['shell', '--name', 'apt', ...again]), 'install ok installed');
    const other = ['run', '--workspace', 'none', image, '--', 'sh', '-c', `test -e /usr/bin/crontab || echo no`];
    assert.equal((await onStore(store, other)).trim(), 'no');
  });
}
