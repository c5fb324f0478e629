import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isPayload } from '../../src/cgroup/find-group.ts';
import { cpuLimit, flatKeyed, limitValue, pressure, transferred } from '../../src/cgroup/group-files.ts';
import { hierarchyOf, unifiedGroup } from '../../src/cgroup/hierarchy.ts';
import { statFields } from '../../src/cgroup/processes.ts';
import { parseMountInfo } from '../../src/linux/mountinfo.ts';

const UNIFIED = '30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n';
const VERSION_1 = '32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n';
const mounts = (text: string) => parseMountInfo(Buffer.from(text));

describe('how control groups are mounted', () => {
  it('is version 2 alone, both, version 1 alone, or nothing', () => {
    const own = '0::/user.slice/session-1.scope\n';
    assert.deepEqual(hierarchyOf(mounts(UNIFIED), own), {
      kind: 'unified',
      mountPoint: '/sys/fs/cgroup',
      own: '/user.slice/session-1.scope',
    });
    assert.equal(hierarchyOf(mounts(UNIFIED + VERSION_1), `4:cpu:/\n${own}`).kind, 'hybrid');
    assert.equal(hierarchyOf(mounts(VERSION_1), '4:cpu:/\n').kind, 'v1');
    assert.equal(hierarchyOf([], '').kind, 'none');
  });

  it('takes the part that a container sees for the top', () => {
    const part = mounts(UNIFIED.replace('0:26 / ', '0:26 /docker/1f '));
    const own = (text: string) => {
      const found = hierarchyOf(part, text);
      return 'own' in found ? found.own : undefined;
    };
    assert.equal(own('0::/docker/1f\n'), '/');
    assert.equal(own('0::/docker/1f/a\n'), '/a');
    assert.equal(own('0::/\n'), '/');
  });

  it('takes the line of version 2 only', () => {
    assert.equal(unifiedGroup('9:name=systemd:/a\n8:pids:/b\n0::/c d\n'), '/c d');
    assert.equal(unifiedGroup('8:pids:/b\n'), undefined);
  });

  it('knows groups of sandboxes by their names, and no others', () => {
    assert.equal(isPayload('/user.slice/app.slice/sandbox-0a1b2c.scope/payload'), true);
    assert.equal(isPayload('/sandbox-4711'), true);
    for (const other of ['/', '/payload', '/a.scope/payload', '/sandbox-0a1b2c.scope/monitor', '/sandbox-others']) {
      assert.equal(isPayload(other), false, other);
    }
  });
});

describe('files of a control group', () => {
  it('say how often something happened, or how much there is', () => {
    const events = flatKeyed('low 0\nhigh 0\nmax 12\noom 1\noom_kill 3\noom_group_kill 1\n');
    assert.deepEqual([events.get('oom'), events.get('oom_kill'), events.get('none')], [1, 3, undefined]);
    assert.equal(flatKeyed('usage_usec 1535\nuser_usec 9\n').get('usage_usec'), 1535);
  });

  it('say what is allowed', () => {
    assert.deepEqual(
      [limitValue('max\n'), limitValue('67108864\n'), limitValue(undefined)],
      [undefined, 67108864, undefined],
    );
    assert.deepEqual(
      [cpuLimit('max 100000\n'), cpuLimit('150000 100000\n'), cpuLimit(undefined)],
      [undefined, 1.5, undefined],
    );
  });

  it('say what was read and written, on all devices', () => {
    const text = '8:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n259:0 rbytes=1 wbytes=2\n';
    assert.deepEqual(transferred(text), { read: 4097, written: 8194 });
    assert.deepEqual(transferred(''), { read: 0, written: 0 });
  });

  it('say what was waited for', () => {
    const some = 'some avg10=1.50 avg60=0.25 avg300=0.00 total=98596\n';
    assert.deepEqual(pressure(some), { some: { avg10: 1.5, avg60: 0.25, avg300: 0, total: 98596 } });
    const both = pressure(`${some}full avg10=0.50 avg60=0.00 avg300=0.00 total=7\n`);
    assert.equal(both?.full?.avg10, 0.5);
    assert.equal(pressure('nothing of that kind\n'), undefined);
  });
});

describe('/proc/PID/stat', () => {
  it('is read right whatever the process calls itself', () => {
    assert.deepEqual(statFields('12 (a) R 1 (b) S 7 3\n').slice(0, 3), ['S', '7', '3\n']);
  });
});
