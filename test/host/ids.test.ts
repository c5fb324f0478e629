import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { findProgram, type IdSources, idSupport } from '../../src/host/ids.ts';
import { ownDirectory } from './unprivileged.ts';

const FULL: IdSources = {
  subuid: 'bob:100000:65536\nann:200000:65536\n1000:400000:10\n',
  subgid: 'ann:300000:65536\n',
  newuidmap: '/usr/bin/newuidmap',
  newgidmap: '/usr/bin/newgidmap',
};
const ANN = { uid: 1000, name: 'ann' };

test('ranges by name and by number', () => {
  assert.deepEqual(idSupport(FULL, ANN), {
    kind: 'subordinate',
    uids: [
      { start: 200000, count: 65536 },
      { start: 400000, count: 10 },
    ],
    gids: [{ start: 300000, count: 65536 }],
    newuidmap: '/usr/bin/newuidmap',
    newgidmap: '/usr/bin/newgidmap',
  });
});

for (const [missing, reason] of [
  [{ newuidmap: undefined }, 'no newuidmap'],
  [{ newgidmap: undefined }, 'no newgidmap'],
  [{ subuid: undefined }, 'no /etc/subuid'],
  [{ subuid: 'bob:1:2\n' }, 'no line for ann in /etc/subuid'],
  [{ subgid: undefined }, 'no /etc/subgid'],
  [{ subgid: 'ann:300000:0\n' }, 'no line for ann in /etc/subgid'],
] as const) {
  test(`single with the reason: ${reason}`, () => {
    assert.deepEqual(idSupport({ ...FULL, ...missing }, ANN), { kind: 'single', reason });
  });
}

test('a range of one id is taken', () => {
  const support = idSupport({ ...FULL, subuid: 'ann:200000:1', subgid: 'ann:200000:1' }, ANN);
  assert.equal(support.kind, 'subordinate');
});

test('programs are found in PATH: executable files only, relative parts ignored', (context) => {
  const home = ownDirectory(context);
  mkdirSync(`${home}/a/new-thing`, { recursive: true });
  mkdirSync(`${home}/b`);
  mkdirSync(`${home}/c`);
  writeFileSync(`${home}/b/new-thing`, '');
  chmodSync(`${home}/b/new-thing`, 0o644);
  writeFileSync(`${home}/c/new-thing`, '');
  chmodSync(`${home}/c/new-thing`, 0o755);
  assert.equal(findProgram('new-thing', `:c:${home}/nowhere:${home}/a:${home}/b:${home}/c/`), `${home}/c/new-thing`);
  assert.equal(findProgram('new-thing', `${home}/a`), undefined);
});
