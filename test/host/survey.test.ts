import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realLocation } from '../../src/host/directories.ts';
import { storePath, surveyHost } from '../../src/host/survey.ts';

test('the store is in $XDG_DATA_HOME, or ~/.local/share where that is unset, empty or relative', () => {
  assert.equal(storePath('/data//ann/', '/home/ann'), '/data/ann/sandbox');
  for (const value of [undefined, '', 'relative']) {
    assert.equal(storePath(value, '/home/ann'), '/home/ann/.local/share/sandbox');
  }
});

test('surveys this host', () => {
  const facts = surveyHost({ HOME: '/home//ann/', PATH: '', XDG_DATA_HOME: undefined });
  assert.equal(facts.uid, process.getuid?.());
  assert.equal(facts.home, '/home/ann');
  assert.equal(facts.store, '/home/ann/.local/share/sandbox');
  assert.ok(facts.mounts.some((mount) => mount.mountPoint === '/proc' && mount.fsType === 'proc'));
  assert.notEqual(facts.userName, '');
  assert.ok(facts.localtime === undefined || facts.localtime === realLocation('/etc/localtime'));
});

test('without HOME the account tells the home', () => {
  const { home } = surveyHost({});
  assert.match(home, /^\//);
  assert.equal(surveyHost({ HOME: 'relative' }).home, home);
});

test('where a path really is, or would be', () => {
  assert.equal(realLocation('/'), '/');
  assert.equal(realLocation('/nothing/at/all'), '/nothing/at/all');
});
