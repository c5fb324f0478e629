import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { heldSecret } from '../../../src/commands/project/held-secret.ts';

test('the file of a secret is held in what may be changed inside, as soon as its path goes through that', (t) => {
  const base = realpathSync(mkdtempSync(`${tmpdir()}/held-`));
  t.after(() => rmSync(base, { recursive: true }));
  for (const name of ['shop/keys', 'open/deep', 'openly', 'own']) mkdirSync(`${base}/${name}`, { recursive: true });
  for (const name of ['shop/keys/key', 'open/key', 'openly/key', 'own/key']) writeFileSync(`${base}/${name}`, 'x');
  symlinkSync('open', `${base}/relative`);
  symlinkSync(`${base}/relative`, `${base}/absolute`);
  symlinkSync('../open/key', `${base}/own/through`);
  symlinkSync('../own/key', `${base}/open/out`);
  symlinkSync('open/out', `${base}/chain`);
  symlinkSync('loop', `${base}/loop`);
  const [shop, open] = [`${base}/shop`, `${base}/open`];
  const held = (path: string, writable = [shop, open]): string | undefined => {
    const source = { kind: 'file', unsafePath: path } as const;
    const secret = heldSecret({ name: 'key', source }, writable);
    assert.equal(secret.name, 'key');
    assert.ok(secret.source.kind === 'file' && secret.source.unsafePath === path);
    return secret.source.within;
  };
  for (const [path, within] of [
    ['shop/keys/key', shop],
    ['shop/keys/missing', shop],
    ['shop/./keys//key', shop],
    ['open/key', open],
    ['open/missing/key', open],
    ['own/../open/key', open],
    ['relative/key', open],
    ['absolute/key', open],
    ['own/through', open],
    // Where it leads now is no matter: it is what somebody inside may have made of it.
    ['open/out', open],
    ['chain', open],
    ['open/deep/../../own/key', open],
    // Nobody inside can change what these go through.
    ['own/key', undefined],
    ['openly/key', undefined],
    ['open', undefined],
    ['open/../own/key', undefined],
    ['own/missing', undefined],
    ['loop/key', undefined],
  ] as const) {
    assert.equal(held(`${base}/${path}`), within, path);
  }
  assert.equal(held(`${base}/own/key`, ['/']), '/');
  assert.equal(held('/../../etc/hostname', ['/etc']), '/etc');
  const variable = { name: 'KEY', source: { kind: 'variable', name: 'KEY' } } as const;
  assert.deepEqual(heldSecret(variable, ['/']), variable);
});
