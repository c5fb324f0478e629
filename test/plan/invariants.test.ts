import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { SetupOp } from '../../src/launch/operations.ts';
import type { PlanInput } from '../../src/plan/input.ts';
import { planSandbox } from '../../src/plan/plan.ts';
import { all, anyInput, only, position } from './inputs.ts';

/** containers-common's default_capabilities, from containers.conf(5). */
const PODMAN = new Set(
  [
    'CHOWN',
    'DAC_OVERRIDE',
    'FOWNER',
    'FSETID',
    'KILL',
    'NET_BIND_SERVICE',
    'SETFCAP',
    'SETGID',
    'SETPCAP',
    'SETUID',
    'SYS_CHROOT',
  ].map((name) => `CAP_${name}`),
);

const ROOTS = ['mountRootOverlay', 'mountRootFuseOverlay', 'mountRootDirectory'] as const;
const MOUNTS = new Set<SetupOp['op']>([
  'isolateMounts',
  ...ROOTS,
  'overlay',
  'fuseOverlay',
  'bind',
  'bindContent',
  'memory',
  'proc',
  'sysfs',
  'devpts',
  'messageQueues',
  'controlGroups',
  'mask',
  'readOnlyPath',
  'readOnlyRoot',
]);

/** Holds for every plan that any request gives. */
function invariant(name: string, check: (operations: readonly SetupOp[], input: PlanInput) => void): void {
  test(name, () => {
    fc.assert(
      fc.property(anyInput, (input) => check(planSandbox(input), input)),
      { numRuns: 300 },
    );
  });
}

function inOrder(operations: readonly SetupOp[], ...wanted: SetupOp['op'][]): void {
  const places = wanted.map((name) => {
    only(operations, name);
    return position(operations, name);
  });
  assert.deepEqual(
    places,
    places.toSorted((a, b) => a - b),
    wanted.join(', '),
  );
}

describe('every plan', () => {
  invariant('creates the namespaces, makes the root, changes to it and starts the command, once each', (operations) => {
    const roots = ROOTS.filter((name) => position(operations, name) !== -1);
    assert.equal(roots.length, 1, roots.join());
    inOrder(
      operations,
      'enterSandboxDirectory',
      'makeSandboxDirectories',
      'createNamespaces',
      'dieWithMonitor',
      'isolateMounts',
      ...roots,
      'pivotRoot',
      'startCommand',
      'execute',
    );
    assert.equal(operations.at(-1)?.op, 'execute');
  });

  invariant('mounts nothing after it has changed to the new root', (operations) => {
    const pivot = position(operations, 'pivotRoot');
    operations.forEach(({ op }, index) => {
      if (MOUNTS.has(op)) assert.ok(index < pivot, `${op} at ${index}, pivotRoot at ${pivot}`);
    });
  });

  invariant('has all namespaces but, when asked, that of the network', (operations, { spec }) => {
    const { namespaces } = only(operations, 'createNamespaces');
    for (const kind of ['user', 'mount', 'pid', 'ipc', 'uts', 'cgroup'] as const) assert.ok(namespaces.includes(kind));
    assert.equal(namespaces.includes('network'), spec.network === 'none');
  });

  invariant('has absolute targets without a way back up', (operations) => {
    for (const operation of operations) {
      const paths = ['target', 'path'].flatMap((key) => {
        const value: unknown = Reflect.get(operation, key);
        return typeof value === 'string' ? [value] : [];
      });
      for (const path of paths) assert.match(path, /^\/(?!.*(^|\/)\.\.(\/|$))/, operation.op);
    }
  });

  invariant('closes descriptors before any path of the command is used', (operations) => {
    inOrder(operations, 'startCommand', 'closeDescriptors', 'changeDirectory', 'execute');
  });

  invariant(
    'forbids new privileges, installs the filter and drops capabilities, in this order, before the command',
    (operations) => {
      inOrder(operations, 'closeDescriptors', 'changeDirectory', 'dropCapabilities', 'execute');
      inOrder(operations, 'noNewPrivileges', 'seccomp', 'dropCapabilities', 'execute');
    },
  );

  invariant('keeps no capability that podman does not grant, and none for anyone but root', (operations, { user }) => {
    const { keep } = only(operations, 'dropCapabilities');
    for (const capability of keep) assert.ok(PODMAN.has(capability), capability);
    if (user.uid !== 0) assert.deepEqual(keep, []);
  });

  invariant(
    'binds what is the user’s without set-uid bits and devices, read-only where that was asked for',
    (operations, { spec }) => {
      const sources = new Map(spec.volumes.map((volume) => [`${volume.source} ${volume.destination}`, volume.access]));
      let seen = 0;
      for (const { source, target, attributes } of all(operations, 'bind')) {
        if (source.startsWith('/dev/')) continue;
        assert.ok(attributes.noSuid && attributes.noDev, `${source} on ${target}`);
        const access = sources.get(`${source} ${target}`);
        if (access !== undefined) seen++;
        if (access === 'ro' && ![...sources.values()].includes('rw'))
          assert.ok(attributes.readOnly, `${source} is read-only`);
      }
      assert.ok(seen >= sources.size);
      for (const name of ['overlay', 'fuseOverlay', 'memory'] as const)
        for (const { attributes } of all(operations, name)) assert.ok(attributes.noSuid);
    },
  );

  invariant('shows no device but the harmless ones and the terminal', (operations, { terminalPath }) => {
    const devices = all(operations, 'bind').flatMap(({ source }) =>
      source.startsWith('/dev/') ? [source.slice(5)] : [],
    );
    const harmless = new Set(['null', 'zero', 'full', 'random', 'urandom', 'tty', terminalPath?.slice(5)]);
    for (const device of devices) assert.ok(harmless.has(device), device);
  });

  invariant('masks and write-protects the kernel’s files after they are mounted', (operations) => {
    const masked = [...all(operations, 'mask'), ...all(operations, 'readOnlyPath')].map(({ path }) => path);
    const whole = position(operations, 'sysfs') >= 0;
    // Where /sys is not the kernel's own, it has just what was put there.
    const ofSys = whole ? '/sys/firmware' : '/sys';
    for (const path of ['/proc/kcore', '/proc/keys', '/proc/sys', '/proc/sysrq-trigger', ofSys]) {
      assert.ok(masked.includes(path), path);
    }
    assert.ok(position(operations, 'proc') < position(operations, 'mask'));
    if (whole) assert.ok(position(operations, 'sysfs') < position(operations, 'mask'));
  });

  invariant('guards the terminal that it shares', (operations, { spec }) => {
    if (spec.terminal === 'inherited') assert.match(only(operations, 'seccomp').purpose, /terminal/);
    else inOrder(operations, 'ownTerminal', 'startCommand', 'takeTerminal', 'closeDescriptors', 'execute');
  });

  invariant('gives each new mount a place to be mounted on first', (operations) => {
    operations.forEach((operation, index) => {
      if (operation.op !== 'memory') return;
      const before = operations.slice(0, index);
      assert.ok(
        before.some((earlier) => earlier.op === 'makeDirectory' && earlier.path === operation.target),
        operation.target,
      );
    });
  });

  invariant('is the same each time, and can be written down', (operations, input) => {
    assert.deepEqual(planSandbox(input), operations);
    assert.deepEqual(JSON.parse(JSON.stringify(operations)), operations);
  });
});
