import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { SIGNAL } from '../../../src/linux/constants/signal.ts';
import { newMark, processesWith, signalMarked } from '../../../src/project/service/mark.ts';
import { needs } from '../../packages.ts';

const withPrlimit = { skip: needs('prlimit') || needs('setsid') };

/** A process of that mark that has started another one in a session and an environment of its own, and is gone. */
async function leftBehind(mark: number): Promise<void> {
  const script = 'setsid sh -c "(env -i setsid sleep 1000 >/dev/null 2>&1 <&1) &"';
  const child = spawn('prlimit', [`--locks=${mark}`, 'sh', '-c', script], { stdio: 'ignore' });
  const [status] = await once(child, 'exit');
  assert.equal(status, 0);
}

async function untilCount(mark: number, count: number): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (processesWith(mark).length !== count) {
    assert.ok(Date.now() < deadline, `${processesWith(mark).length} processes instead of ${count}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test(
  'the mark stays with whoever leaves session, parents and environment; others are left alone',
  withPrlimit,
  async (t) => {
    const [mark, other] = [newMark(), newMark()];
    t.after(() => {
      for (const each of [mark, other]) {
        for (const process of processesWith(each)) signalMarked(process, each, SIGNAL.SIGKILL);
      }
    });
    await Promise.all([leftBehind(mark), leftBehind(other)]);
    await Promise.all([untilCount(mark, 1), untilCount(other, 1)]);
    const [found] = processesWith(mark);
    const [theOther] = processesWith(other);
    assert.ok(found !== undefined && theOther !== undefined);
    // A pid that by now is somebody else's.
    signalMarked(theOther, mark, SIGNAL.SIGKILL);
    signalMarked(found, mark, SIGNAL.SIGTERM);
    await untilCount(mark, 0);
    assert.deepEqual(processesWith(other), [theOther]);
    signalMarked(found, mark, SIGNAL.SIGTERM);
  },
);

test('marks are whole numbers that the kernel and JavaScript both hold', () => {
  const marks = Array.from({ length: 100 }, newMark);
  assert.ok(marks.every((mark) => Number.isSafeInteger(mark) && mark > 2 ** 32));
  assert.equal(new Set(marks).size, marks.length);
});
