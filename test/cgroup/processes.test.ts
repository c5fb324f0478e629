import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { processesOf, processUsage } from '../../src/cgroup/processes.ts';

describe('processes of a pid namespace', () => {
  it('have their numbers, times and commands', () => {
    // This process's own namespace, with any of its processes for an init.
    const own = processesOf(process.pid).find(({ pid }) => pid === process.pid);
    assert.ok(own);
    assert.equal(own.uid, process.geteuid?.());
    assert.ok(own.memory > 2 ** 20, 'a Node takes more than a MiB');
    assert.ok(own.cpuTime > 0);
    assert.ok(own.threads > 1, 'a Node has threads');
    assert.match(own.command[0] ?? '', /node/);
  });

  it('add up', () => {
    const usage = processUsage(process.pid);
    assert.equal(usage.source, 'processes');
    assert.ok((usage.memory ?? 0) > 2 ** 20);
    assert.equal(usage.memoryLimit, undefined);
  });

  it('are none where there is no such process', () => {
    assert.deepEqual(processesOf(2 ** 22 + 1), []);
  });
});
