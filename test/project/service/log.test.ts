import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FollowedLog } from '../../../src/project/service/follow.ts';
import { lastLines, parseLogLine, ServiceLog } from '../../../src/project/service/log.ts';

function place(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'service-log-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return `${directory}/logs/db.log`;
}

test('what is appended is read again, with its time, also by who opens it later', (t) => {
  const path = place(t);
  const log = new ServiceLog(path);
  log.append('one', 1_000);
  log.append('', 2_000);
  log.append('züge 😀 \x1b[31mred', 3_500);
  log.close();
  const again = new ServiceLog(path);
  again.append('two', 4_000);
  again.close();
  assert.deepEqual(new FollowedLog(path, 'db').begin(), [
    { service: 'db', time: 1_000, text: 'one' },
    { service: 'db', time: 2_000, text: '' },
    { service: 'db', time: 3_500, text: 'züge 😀 \x1b[31mred' },
    { service: 'db', time: 4_000, text: 'two' },
  ]);
});

test('it does not grow beyond twice its limit, and who follows it misses nothing', (t) => {
  const path = place(t);
  const log = new ServiceLog(path, 4_000);
  const followed = new FollowedLog(path, 'db');
  const seen: string[] = [];
  for (let number = 0; number < 1_000; number++) {
    log.append(`line ${number}`);
    if (number % 7 === 0) seen.push(...followed.more().map(({ text }) => text));
    const size = [path, `${path}.1`].reduce((sum, each) => sum + (existsSync(each) ? statSync(each).size : 0), 0);
    assert.ok(size < 2 * 4_000 + 200, `${size} bytes`);
  }
  log.close();
  seen.push(...followed.more().map(({ text }) => text));
  assert.deepEqual(
    seen,
    Array.from({ length: 1_000 }, (_, number) => `line ${number}`),
  );
  const kept = new FollowedLog(path, 'db').begin().map(({ text }) => text);
  assert.ok(kept.length > 100 && kept.length < 400, `${kept.length} are kept`);
  assert.deepEqual(kept, seen.slice(-kept.length));
});

test('a log that is not there yet has no lines, and then those that come', (t) => {
  const path = place(t);
  const followed = new FollowedLog(path, 'db');
  assert.deepEqual(followed.begin(), []);
  const log = new ServiceLog(path);
  log.append('first');
  assert.deepEqual(
    followed.more().map(({ text }) => text),
    ['first'],
  );
  log.close();
});

test('lines of several services are put in order, the last of them shown', () => {
  const line = (service: string, time: number) => ({ service, time, text: `${service}${time}` });
  const logs = [[line('a', 1), line('a', 4)], [line('b', 2), line('b', 3)], []];
  const texts = (count: number) => lastLines(logs, count).map(({ text }) => text);
  assert.deepEqual(texts(Number.POSITIVE_INFINITY), ['a1', 'b2', 'b3', 'a4']);
  assert.deepEqual(texts(2), ['b3', 'a4']);
  assert.deepEqual(texts(0), []);
});

test('a line that is not of our form is none', () => {
  for (const line of ['', 'text', '2026-99-99T00:00:00.000Z x', '2026-01-01T00:00:00.000Zx'])
    assert.equal(parseLogLine('db', line), undefined);
});
