import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { limitFiles } from '../../src/cgroup/limit-files.ts';
import { explainMissing, refusal } from '../../src/cgroup/refusal.ts';
import type { GroupLimits } from '../../src/linux/group-limits.ts';

const written = (limits: GroupLimits): string[] =>
  limitFiles(limits, ({ device }) => (device === '/dev/sda' ? '8:0' : '?')).map(
    ({ controller, file, content }) => `${controller} ${file}=${content}`,
  );

describe('limits as the kernel takes them', () => {
  it('are the files of cgroup v2', () => {
    assert.deepEqual(written({ cpus: 1.5, cpuWeight: 50, pids: 100, ioWeight: 10 }), [
      'cpu cpu.max=150000 100000',
      'cpu cpu.weight=50',
      'pids pids.max=100',
      'io io.weight=default 10',
    ]);
    assert.deepEqual(written({ pids: -1 }), ['pids pids.max=max']);
    assert.deepEqual(written({ deviceRates: [{ device: '/dev/sda', kind: 'wbps', rate: 1048576 }] }), [
      'io io.max=8:0 wbps=1048576',
    ]);
    assert.deepEqual(written({}), []);
  });

  it('never ask for less processor time than the kernel allows', () => {
    assert.deepEqual(written({ cpus: 0.001 }), ['cpu cpu.max=1000 100000']);
  });

  it('count memory and swap together, as podman does', () => {
    const swap = (limits: GroupLimits) => written(limits).find((line) => line.includes('swap'));
    assert.equal(swap({ memory: 100 }), 'memory memory.swap.max=100');
    assert.equal(swap({ memory: 100, memorySwap: 100 }), 'memory memory.swap.max=0');
    assert.equal(swap({ memory: 100, memorySwap: 250 }), 'memory memory.swap.max=150');
    assert.equal(swap({ memory: 100, memorySwap: -1 }), 'memory memory.swap.max=max');
    assert.equal(swap({ cpus: 1 }), undefined);
  });
});

describe('why there are no limits', () => {
  it('names the version and what to do', () => {
    assert.match(refusal('v1').message, /cgroup v1/);
    assert.match(refusal('hybrid').message, /mixes cgroup v1 and v2/);
    assert.match(refusal('hybrid').hint ?? '', /systemd\.unified_cgroup_hierarchy=1[\s\S]*--limits best-effort/);
  });

  it('names the controllers and the options', () => {
    const { message, code } = explainMissing(limitFiles({ ioWeight: 5, memory: 1 }, () => ''));
    assert.equal(code, 'NO_CONTROLLER');
    assert.match(
      message,
      /^--memory, --memory-swap, --io-weight: the cgroup controllers memory and io are not delegated/,
    );
  });
});
