import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { explainFailure, parseFailure } from '../../src/explain/explain.ts';
import type { SetupOp } from '../../src/launch/operations.ts';
import { errnoNumber } from '../../src/linux/errno.ts';
import { ERRNO_TABLE } from '../../src/linux/errno-table.ts';
import { dataProbe, type HostData } from '../doctor/data-probe.ts';

const DESCRIPTION = 'do what was asked';

function explained(op: SetupOp['op'], errno: string | number, host: HostData = {}, description = DESCRIPTION) {
  const number = typeof errno === 'number' ? errno : errnoNumber(errno);
  const failure = parseFailure([op, description, String(number)]);
  assert(failure !== undefined);
  const { message, hint, code } = explainFailure(failure, dataProbe(host));
  assert.equal(code, 'SETUP_FAILED');
  assert(message.startsWith(`cannot ${description}: `), message);
  return { message, hint: hint ?? '' };
}

describe('explanation of a failed launch', () => {
  it('says that a link in place of /proc or /sys is not followed', () => {
    for (const op of ['proc', 'sysfs'] as const) {
      const { message, hint } = explained(op, 'ENOTDIR');
      assert.match(message, /has a link or a file there/);
      assert.match(hint, /make \/proc and \/sys directories/);
    }
  });

  it('says which Linux has rules for ports, and what can be done without', () => {
    const { message, hint } = explained('landlock', 'EOPNOTSUPP');
    assert.match(message, /no rules for TCP ports, or is not enabled: Linux 6\.7 or later is needed \(EOPNOTSUPP\)$/);
    assert.match(hint, /--connect-tcp.*--network none/s);
  });

  it('names the forbidding limit of user namespaces and the command that mends it', () => {
    const files = { '/proc/sys/user/max_user_namespaces': '0\n' };
    const { message, hint } = explained('createNamespaces', 'ENOSPC', { files });
    assert.match(message, /user namespaces are forbidden: user\.max_user_namespaces is 0 \(ENOSPC\)$/);
    assert.match(hint, /user\.max_user_namespaces = 15000.*sysctl --system/s);
  });

  it('names the limit that is used up, with its value, and raises it', () => {
    const users = explained('createNamespaces', 'ENOSPC', { files: { '/proc/sys/user/max_user_namespaces': '500\n' } });
    assert.match(users.message, /used up, or nested more than 32 deep: user\.max_user_namespaces is 500 \(ENOSPC\)/);
    assert.match(users.hint, /max_user_namespaces=1000/);
    const nets = explained('createNamespaces', 'ENOSPC', { files: { '/proc/sys/user/max_net_namespaces': '2\n' } });
    assert.match(nets.message, /user\.max_net_namespaces is 2/);
    assert.match(nets.hint, /user\.max_net_namespaces = 15000/);
  });

  it('finds who forbids user namespaces: a sysctl, AppArmor, or somebody unknown', () => {
    const debian = explained('createNamespaces', 'EPERM', {
      files: { '/proc/sys/kernel/unprivileged_userns_clone': '0\n' },
    });
    assert.match(debian.message, /kernel\.unprivileged_userns_clone is 0 \(EPERM\)/);
    assert.match(debian.hint, /kernel\.unprivileged_userns_clone = 1.*sandbox doctor/s);
    const files = {
      '/proc/sys/kernel/apparmor_restrict_unprivileged_userns': '1\n',
      '/proc/self/attr/apparmor/current': 'unconfined\n',
    };
    for (const op of ['createNamespaces', 'isolateMounts', 'hostname'] as const) {
      const ubuntu = explained(op, 'EACCES', { files });
      assert.match(ubuntu.message, /AppArmor restricts them \(EACCES\)/);
      assert.match(ubuntu.hint, /sandbox doctor/);
    }
    assert.match(explained('createNamespaces', 'EPERM').message, /security module, or the seccomp filter/);
  });

  it('says what is wrong with the subordinate ids when newuidmap refused, without an errno that there is not', () => {
    const { message, hint } = explained('createNamespaces', 1001, { files: { '/etc/subuid': 'ann:100000:10\n' } });
    assert.match(message, /newuidmap or newgidmap refused the subordinate ids: only 10 of 65535/);
    assert.doesNotMatch(message, /1001/);
    assert.match(hint, /usermod --add-subuids/);
    assert.match(explained('createNamespaces', 1001).hint, /set-uid root/);
  });

  it('says what keeps fuse-overlayfs and a copy from working', () => {
    assert.match(explained('mountRootFuseOverlay', 'ENOTCONN').message, /ended at once; what it said is above/);
    assert.match(explained('fuseOverlay', 'ENXIO').hint, /modprobe fuse/);
    assert.match(explained('mountRootFuseOverlay', 'EACCES').message, /FUSE|\/dev\/fuse/);
    const { message } = explained('copyLayers', 1003);
    assert.ok(message.endsWith(': it failed; what went wrong is above'), message);
  });

  it("names the store's file system where overlayfs refuses it, and the missing module", () => {
    const mounts = [{ mountPoint: '/', fsType: 'overlay', options: [] }];
    for (const errno of ['EINVAL', 'EOPNOTSUPP']) {
      const { message, hint } = explained('overlay', errno, { mounts });
      assert.match(message, /file system of the store \(overlay\)/);
      assert.match(hint, /XDG_DATA_HOME.*dmesg/s);
    }
    const nested = [{ mountPoint: '/srv/web/data', fsType: 'ext4', options: [] }];
    const below = explained('overlay', 'EINVAL', { mounts: nested }, 'mount the overlay on /srv/web');
    assert.match(below.message, /mounted below it on the host: \/srv\/web\/data \(EINVAL\)/);
    assert.match(below.hint, /--workspace rw or ro/);
    assert.match(explained('mountRootOverlay', 'ENODEV').hint, /modprobe overlay/);
    assert.match(explained('mountRootOverlay', 'EBUSY').message, /in use by another sandbox/);
  });

  it('tells a sandbox that is being opened from a broken store', () => {
    const description = 'open the sandbox web in /home/ann/.local/share/sandbox/sandboxes';
    const busy = explained('enterSandboxDirectory', 'EAGAIN', {}, description);
    assert.match(
      busy.message,
      /the sandbox web is being opened or removed by another process at this moment \(EAGAIN\)/,
    );
    const full = explained('enterSandboxDirectory', 'ENOSPC', {}, description);
    assert.match(full.message, /the disk is full \(ENOSPC\)/);
    assert.match(full.hint, /XDG_DATA_HOME/);
    assert.match(explained('writeFile', 'EDQUOT').message, /your quota is used up/);
    assert.match(explained('bindContent', 'EROFS').message, /read-only/);
  });

  it('explains mounts: a vanished source, locked mounts below, a covered /proc, too many', () => {
    assert.match(explained('bind', 'ENOENT').message, /not there any more/);
    assert.match(explained('bind', 'EINVAL').hint, /findmnt/);
    assert.match(explained('bind', 'ENOSPC').hint, /fs\.mount-max/);
    const mounts = [
      { mountPoint: '/', fsType: 'ext4', options: [] },
      { mountPoint: '/proc/kcore', fsType: 'tmpfs', options: [] },
    ];
    const proc = explained('proc', 'EPERM', { mounts });
    assert.match(proc.message, /parts of \/proc are covered \(\/proc\/kcore\)/);
    assert.match(proc.hint, /systempaths=unconfined/);
  });

  it('points to -w for a working directory that is not there, and to -u for one that may not be entered', () => {
    assert.match(explained('changeDirectory', 'ENOENT').hint, /-w DIR.*-v DIR:DIR/);
    assert.match(explained('changeDirectory', 'EACCES').hint, /-u USER/);
    assert.match(explained('setUser', 'EINVAL', { missing: ['/etc/subuid'] }).message, /no line in \/etc\/subuid/);
  });

  it('gives a cause, the name of the errno and something to do for every errno, whatever the operation', () => {
    const operations = [
      'createNamespaces',
      'joinNamespaces',
      'overlay',
      'bind',
      'proc',
      'devpts',
      'execute',
      'finish',
    ] as const;
    for (const op of operations) {
      for (const [number, name] of ERRNO_TABLE) {
        const { message, hint } = explained(op, number);
        assert(message.endsWith(` (${name})`), message);
        assert(hint.length > 0, message);
        assert(message.length > `cannot ${DESCRIPTION}:  (${name})`.length + 5, message);
      }
    }
    assert.match(explained('finish', 9999).message, /Unknown error \(errno 9999\)/);
  });

  it('takes only what a launcher says', () => {
    for (const words of [
      [],
      ['bind', 'x'],
      ['bind', 'x', '-1'],
      ['toString', 'x', '1'],
      ['bind', '', '1'],
      ['bind', 'x', '1', 'y'],
    ]) {
      assert.equal(parseFailure(words), undefined, words.join(' '));
    }
  });
});
