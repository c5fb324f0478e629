import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LinuxError } from '../../src/linux/errno.ts';
import { colours } from '../../src/ui/colour.ts';
import { errorText } from '../../src/ui/errors.ts';

class StoreError extends Error {
  readonly code = 'STORE';
  readonly hint: string | undefined;
  constructor(message: string, hint?: string, cause?: unknown) {
    super(message, { cause });
    this.hint = hint;
  }
}
const plain = colours(false);

describe('errorText', () => {
  it('is what failed, why, and what to do', () => {
    const cause = new LinuxError({ syscall: 'mkdir', errno: 13, path: '/store', hint: 'chmod u+w /store' });
    assert.equal(
      errorText(new StoreError('the sandbox cannot be made', 'free some space\nor use another disk', cause), plain),
      'sandbox: the sandbox cannot be made: mkdir "/store": Permission denied (EACCES)\n' +
        '  hint: free some space\n  hint: or use another disk\n  hint: chmod u+w /store\n',
    );
  });

  it('does not say the same twice', () => {
    const cause = new StoreError('disk full', 'free some space');
    const text = errorText(new StoreError('write failed: disk full', 'free some space', cause), plain);
    assert.equal(text, 'sandbox: write failed: disk full\n  hint: free some space\n');
  });

  it('tells a failed system call of Node without a stack', () => {
    let thrown: unknown;
    try {
      process.chdir('/nowhere/at/all');
    } catch (error) {
      thrown = error;
    }
    const text = errorText(thrown, plain);
    assert.match(text, /^sandbox: ENOENT: .*\n$/);
  });

  it('shows the stack of a bug and asks for a report', () => {
    const text = errorText(new TypeError('x is not a function'), plain);
    assert.match(text, /^sandbox: unexpected failure\nTypeError: x is not a function\n {4}at .*errors\.test\.ts/);
    assert.match(text, /This is a bug in sandbox/);
    assert.match(errorText('thrown text', plain), /unexpected failure\nthrown text\n/);
  });

  it('lets no control sequence of a message reach the terminal', () => {
    const text = errorText(new StoreError('no \x1b]0;title\x07 \udcff', 'a\x9bb'), plain);
    assert.equal(text, 'sandbox: no \\x1b]0;title\\x07 \\xff\n  hint: a\\x9bb\n');
  });

  it('survives an error that causes itself', () => {
    const error = new StoreError('loop');
    error.cause = error;
    assert.equal(errorText(error, plain), 'sandbox: loop\n');
  });
});
