import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { processStartTime } from '../../../src/linux/proc-status.ts';
import {
  attendedProjects,
  readState,
  removeState,
  runningState,
  type ServicesState,
  writeState,
} from '../../../src/project/service/state.ts';
import { projectPath } from '../../../src/store/projects.ts';

const DIRECTORY = '/home/u/shop';

function store(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'service-state-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function stateOf(pid: number, directory = DIRECTORY): ServicesState {
  return {
    version: 1,
    directory,
    pid,
    startTime: String(processStartTime(pid)),
    purpose: 'up',
    environments: [{ name: 'default', digest: 'd', sandbox: 'shop-1' }],
    services: [
      { name: 'db', environment: 'default', state: 'ready', pid: 5, ports: [1], since: '2026-01-01T00:00:00Z' },
    ],
  };
}

test('what is written is read, while its writer lives as running', async (t) => {
  const path = store(t);
  assert.equal(readState(path, DIRECTORY), undefined);
  const child = spawn('sleep', ['60']);
  t.after(() => child.kill('SIGKILL'));
  const state = stateOf(child.pid ?? 0);
  writeState(path, state);
  assert.deepEqual(readState(path, DIRECTORY), state);
  assert.deepEqual(runningState(path, DIRECTORY), state);
  assert.deepEqual(attendedProjects(path), [state]);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.deepEqual(readState(path, DIRECTORY), state);
  assert.equal(runningState(path, DIRECTORY), undefined);
  assert.deepEqual(attendedProjects(path), []);
  removeState(path, DIRECTORY);
  removeState(path, DIRECTORY);
  assert.equal(readState(path, DIRECTORY), undefined);
});

test('a pid that another process has by now is not the writer', (t) => {
  const path = store(t);
  writeState(path, { ...stateOf(process.pid), startTime: '1' });
  assert.equal(runningState(path, DIRECTORY), undefined);
});

test('a file that is damaged, of another version or of another project says nothing', (t) => {
  const path = store(t);
  const place = projectPath(path, DIRECTORY);
  mkdirSync(place, { recursive: true });
  const good = stateOf(process.pid);
  for (const text of [
    '',
    '{',
    '[]',
    JSON.stringify({ ...good, version: 2 }),
    JSON.stringify({ ...good, directory: '/x' }),
  ]) {
    writeFileSync(`${place}/.services.json`, text);
    assert.equal(readState(path, DIRECTORY), undefined, text);
  }
});

test('one that was killed is gone, though its parent has not taken note', async (t) => {
  const path = store(t);
  // Its parent does not wait for it.
  const parent = spawn('sh', ['-c', 'sleep 1000 & echo $!; exec sleep 1000'], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => parent.kill('SIGKILL'));
  const [output] = await once(parent.stdout, 'data');
  const pid = Number(String(output));
  writeState(path, stateOf(pid));
  assert.ok(runningState(path, DIRECTORY) !== undefined);
  process.kill(pid, 'SIGKILL');
  const deadline = Date.now() + 10_000;
  while (runningState(path, DIRECTORY) !== undefined) {
    assert.ok(Date.now() < deadline, 'a process that has ended attends to services');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.ok(processStartTime(pid) !== undefined);
});
