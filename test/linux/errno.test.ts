import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { getSystemErrorName } from 'node:util';
import { errnoName, errnoNumber, errnoText, fromNodeError, LinuxError } from '../../src/linux/errno.ts';
import { ERRNO_TABLE } from '../../src/linux/errno-table.ts';

test('every errno goes from number to name and back', () => {
  assert.equal(ERRNO_TABLE.length, 131);
  for (const [number, name, text] of ERRNO_TABLE) {
    assert.equal(errnoName(number), name);
    assert.equal(errnoNumber(name), number);
    assert.equal(errnoText(name), text);
  }
});

test('names agree with those Node has for the same numbers', () => {
  let compared = 0;
  for (const [number, name] of ERRNO_TABLE) {
    const theirs = getSystemErrorName(-number);
    if (!/^E[A-Z0-9]+$/.test(theirs)) continue;
    assert.equal(name === 'EOPNOTSUPP' ? 'ENOTSUP' : name, theirs);
    compared++;
  }
  assert.ok(compared > 60, `${compared} compared`);
});

test('second names have the number and the words of the first', () => {
  assert.equal(errnoNumber('EWOULDBLOCK'), 11);
  assert.equal(errnoNumber('ENOTSUP'), 95);
  assert.equal(errnoText('EDEADLOCK'), 'Resource deadlock avoided');
});

test('a number without a name keeps its number', () => {
  assert.equal(errnoName(999), 'errno 999');
  assert.equal(errnoNumber('errno 999'), 999);
  assert.equal(errnoName(41), 'errno 41');
  assert.equal(errnoNumber('ENONSENSE'), undefined);
  assert.equal(errnoNumber('toString'), undefined);
  assert.equal(errnoText('errno 999'), 'Unknown error');
});

test('a LinuxError says which call failed on what, and why', () => {
  const error = new LinuxError({ syscall: 'mount', errno: 13, path: '/a b', hint: 'be root' });
  assert.equal(error.message, 'mount "/a b": Permission denied (EACCES)');
  assert.deepEqual(
    [error.code, error.errno, error.syscall, error.path, error.hint],
    ['EACCES', 13, 'mount', '/a b', 'be root'],
  );
  assert.ok(error instanceof Error);
  assert.equal(error.cause, undefined);
});

test('a path with control characters or foreign bytes cannot reach a terminal through a message', () => {
  const { message } = new LinuxError({ syscall: 'open', errno: 2, path: 'a\u001b[2J\n\udcff' });
  assert.equal(message, 'open "a\\u001b[2J\\n\\udcff": No such file or directory (ENOENT)');
});

test('a failure of node:fs becomes a LinuxError with the same errno', () => {
  let thrown: unknown;
  try {
    readFileSync('/nonexistent/file');
  } catch (error) {
    thrown = error;
  }
  const error = fromNodeError(thrown, '/nonexistent/file');
  assert.deepEqual([error.code, error.errno, error.syscall, error.path], ['ENOENT', 2, 'open', '/nonexistent/file']);
  assert.equal(error.cause, thrown);
  assert.equal(fromNodeError(error), error);
});

test('what is no failed system call is thrown on', () => {
  const bug = new TypeError('bug');
  assert.throws(
    () => fromNodeError(bug),
    (error) => error === bug,
  );
  assert.throws(
    () => fromNodeError('text'),
    (error) => error === 'text',
  );
});
