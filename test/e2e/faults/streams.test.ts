import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runAs } from '../../support/user.ts';
import { assertNothingLeft, snapshot } from './support/leftovers.ts';
import { ordinary, place } from './support/place.ts';

describe('standard streams', ordinary, () => {
  const cases: ReadonlyArray<readonly [name: string, script: string, status: number, stdout: string]> = [
    ['closed input reads as empty', '"$0" run -- sh -c "cat; echo read" <&-', 0, 'read\n'],
    ['closed output does no harm', '"$0" run -- sh -c "echo lost; exit 3" >&-; echo "$?"', 0, '3\n'],
    ['closed errors do no harm', '"$0" run -- sh -c "echo lost >&2; exit 3" 2>&-; echo "$?"', 0, '3\n'],
    ['all closed', '"$0" run -- sh -c "exit 3" <&- >&- 2>&-; echo "$?"', 0, '3\n'],
    ["a full disk is the command's own matter", '"$0" run -- sh -c "echo x" >/dev/full; echo "$?"', 0, '1\n'],
    [
      'are pipes that end when the command closes them',
      '"$0" run -- sh -c "exec >&-; sleep 0.2" | cat; echo end',
      0,
      'end\n',
    ],
  ];
  for (const [name, script, status, stdout] of cases) {
    it(name, async (t) => {
      const { user, cwd, env, store } = place(t, 'streams');
      const before = snapshot(store);
      const result = await runAs(user, ['bash', '-c', script, user.sandbox], { cwd, env });
      assert.deepEqual([result.status, result.stdout], [status, stdout], result.stderr);
      await assertNothingLeft(before);
    });
  }

  it('a pipe that is closed ends the writer with SIGPIPE, which gives 141', async (t) => {
    const { user, cwd, env, store } = place(t, 'streams');
    const before = snapshot(store);
    const script =
      'set -o pipefail; for options in "" "-t"; do "$0" run $options -- yes 2>&1 | head -1; echo "$?"; done';
    const result = await runAs(user, ['bash', '-c', script, user.sandbox], { cwd, env });
    assert.match(result.stdout, /^y\n141\ny\r\n\d+\n$/, result.stderr);
    await assertNothingLeft(before);
  });

  it('large input and output arrive whole, and end', async (t) => {
    const { user, cwd, env } = place(t, 'streams');
    const input = Buffer.alloc(5_000_000, 'The quick brown fox\n');
    const result = await runAs(user, [user.sandbox, 'run', '--', 'cat'], { cwd, env, input });
    assert.equal(result.status, 0, result.stderr);
    assert(result.stdout === input.toString(), `${result.stdout.length} bytes came back`);
  });
});
