import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseProcessStatus, processStartTime, readProcessStatus } from '../../src/linux/proc-status.ts';

const TAIL = '0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 8675309 1 2';

test('the start time is field 22, whatever the program calls itself', () => {
  for (const name of ['cat', 'a b', ') R 1 2', '((', '))', '', '\n', ') S 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9']) {
    const status = parseProcessStatus(`42 (${name}) S 7 42 42 ${TAIL}\n`);
    assert.deepEqual(status, { state: 'S', parent: 7, startTime: 8675309n }, name);
  }
});

test('other text is no status', () => {
  assert.equal(parseProcessStatus(''), undefined);
  assert.equal(parseProcessStatus('42 (cat) S 7 42'), undefined);
  assert.equal(parseProcessStatus(`42 cat S 7 42 42 ${TAIL}`), undefined);
});

test('no text makes the parser fail', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const status = parseProcessStatus(`1 (x) ${text}`);
      assert.ok(status === undefined || status.startTime >= 0n);
    }),
  );
});

test('a child started later has a later start time and this process as its parent', async () => {
  const child = spawn('sleep', ['60']);
  try {
    await once(child, 'spawn');
    const status = readProcessStatus(child.pid ?? 0);
    const own = processStartTime(process.pid);
    assert.equal(status?.parent, process.pid);
    assert.ok(own !== undefined && own > 0n && status.startTime >= own);
    assert.equal(processStartTime(child.pid ?? 0), status.startTime);
  } finally {
    child.kill('SIGKILL');
  }
  await once(child, 'close');
  assert.equal(processStartTime(child.pid ?? 0), undefined);
});

test('a pid that cannot be has no start time', () => {
  assert.ok(Number(readFileSync('/proc/sys/kernel/pid_max', 'utf8')) <= 4_194_304);
  assert.equal(processStartTime(4_194_305), undefined);
});
