import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { test } from 'node:test';
import { isTerminal } from '../../src/linux/terminal.ts';

test('a pseudo-terminal is a terminal; /dev/null, a file and what is closed are none', () => {
  const opened = ['/dev/ptmx', '/dev/null', '/etc/passwd'].map((path) => openSync(path, 'r'));
  // The controller's side has the number of /dev/tty's kind.
  assert.deepEqual(opened.map(isTerminal), [true, false, false]);
  for (const descriptor of opened) closeSync(descriptor);
  assert.equal(isTerminal(1_000_000), false);
});
