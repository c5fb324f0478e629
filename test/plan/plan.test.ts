import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SetupOp } from '../../src/launch/operations.ts';
import { describeSpec } from '../../src/plan/describe-spec.ts';
import { planJoin, planSandbox } from '../../src/plan/plan.ts';
import { PROFILES } from '../../src/plan/profiles.ts';
import { all, directoryInput, hostInput, only, position, SINGLE_ID } from './inputs.ts';

const names = (operations: readonly SetupOp[]) => operations.map(({ op }) => op);
const targets = (operations: readonly SetupOp[]) =>
  operations.flatMap((operation) => ('target' in operation ? [operation.target] : []));

describe('the host image as oneself', () => {
  const plan = planSandbox(hostInput());

  test('maps the one id to itself, which takes no helper, and drops every capability', () => {
    assert.deepEqual(only(plan, 'createNamespaces'), {
      op: 'createNamespaces',
      namespaces: ['user', 'mount', 'pid', 'ipc', 'uts', 'cgroup'],
      ids: {
        kind: 'single',
        uid: { inside: 1000, outside: 1000, count: 1 },
        gid: { inside: 1001, outside: 1001, count: 1 },
      },
    });
    assert.deepEqual(only(plan, 'dropCapabilities').keep, []);
  });

  test('lays an overlay over each part of the host, with the skeleton between it and the changes', () => {
    const root = only(plan, 'mountRootOverlay').layers;
    assert.deepEqual([root.lower, root.volatile], [['../../host/g1'], true]);
    const overlays = all(plan, 'overlay');
    assert.deepEqual(
      overlays.map(({ target }) => target),
      ['/etc', '/usr'],
    );
    const layers = overlays[1]?.layers;
    assert.deepEqual([layers?.lower, layers?.volatile], [['../../host/g1/usr', '/usr'], true]);
  });

  test('makes every directory that an overlay writes to, parents first', () => {
    const made = only(plan, 'makeSandboxDirectories').directories.map(({ path }) => path);
    assert.deepEqual(new Set(made).size, made.length);
    const used = [...all(plan, 'overlay'), only(plan, 'mountRootOverlay')].flatMap(({ layers: { upper } }) =>
      upper ? [upper.directory, upper.work] : [],
    );
    assert.equal(used.length, 6);
    assert.equal(new Set(used).size, used.length, 'no two overlays share a directory');
    for (const path of used) assert.ok(made.includes(path), path);
    for (const [index, path] of made.entries()) {
      const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')));
      if (parent !== '') assert.ok(made.indexOf(parent) !== -1 && made.indexOf(parent) < index, path);
    }
  });

  test('shows what cannot be copied on write read-only, and only if it is there', () => {
    for (const source of ['/var/mounted', '/swapfile']) {
      const bind = all(plan, 'bind').find((operation) => operation.source === source);
      assert.equal(bind?.attributes.readOnly, true, source);
      assert.equal(bind?.optional, true, source);
    }
  });

  test('hides the home behind an empty directory and mounts the workspace at its own path', () => {
    const home = plan.findIndex((operation) => operation.op === 'makeDirectory' && operation.path === '/home/ann');
    const workspace = plan.findIndex(
      (operation) => operation.op === 'bind' && operation.target === '/home/ann/project',
    );
    assert.ok(home !== -1 && home < workspace);
    assert.deepEqual(plan[workspace], {
      op: 'bind',
      source: '/home/ann/project',
      target: '/home/ann/project',
      recursive: true,
      attributes: { noSuid: true, noDev: true, readOnly: false },
      optional: false,
      noLinks: true,
    });
    assert.deepEqual(only(plan, 'changeDirectory'), {
      op: 'changeDirectory',
      path: '/home/ann/project',
      fallback: '/home/ann',
    });
  });

  test('has /run and /tmp in memory and /var/tmp in the sandbox', () => {
    assert.deepEqual(
      all(plan, 'memory').map(({ target }) => target),
      ['/dev', '/dev/shm', '/run', '/tmp'],
    );
    assert.ok(all(plan, 'bind').some(({ source, target }) => source === 'tmp' && target === '/var/tmp'));
  });

  test('keeps the command from typing into the terminal that it shares', () => {
    assert.match(only(plan, 'seccomp').purpose, /terminal/);
  });
});

describe('the host image as root', () => {
  test('maps root to the user and the rest to the subordinate ids, and keeps what podman grants', () => {
    const plan = planSandbox(hostInput({ user: { uid: 0, gid: 0 } }));
    assert.deepEqual(only(plan, 'createNamespaces').ids, {
      kind: 'helpers',
      newuidmap: '/usr/bin/newuidmap',
      newgidmap: '/usr/bin/newgidmap',
      uids: [
        { inside: 0, outside: 1000, count: 1 },
        { inside: 1, outside: 100_000, count: 65_536 },
      ],
      gids: [
        { inside: 0, outside: 1001, count: 1 },
        { inside: 1, outside: 200_000, count: 65_536 },
      ],
    });
    assert.equal(only(plan, 'dropCapabilities').keep.length, 11);
    assert.deepEqual(all(plan, 'nestedUser'), []);
  });
});

describe('a root file system in a directory', () => {
  test('is the only lower layer, is root inside and gives terminals to the group tty', () => {
    const plan = planSandbox(directoryInput());
    assert.deepEqual(only(plan, 'mountRootOverlay').layers.lower, ['/images/debian']);
    assert.deepEqual(all(plan, 'overlay'), []);
    assert.equal(only(plan, 'devpts').ttyGroup, 5);
    assert.ok(targets(plan).includes('/etc/resolv.conf'));
    assert.ok(!names(plan).includes('nestedUser'));
  });

  test('consecutive ranges follow each other inside', () => {
    const ranges = [
      { start: 100_000, count: 10 },
      { start: 500_000, count: 20 },
    ];
    const ids = { kind: 'subordinate', uids: ranges, gids: [], newuidmap: '/u', newgidmap: '/g' } as const;
    const plan = planSandbox(directoryInput({ facts: { ids } }));
    const mapping = only(plan, 'createNamespaces').ids;
    assert.equal(mapping.kind, 'helpers');
    assert.deepEqual(mapping.kind === 'helpers' && mapping.uids.map(({ inside }) => inside), [0, 1, 11]);
    assert.equal(only(plan, 'devpts').ttyGroup, undefined, 'gid 5 is not mapped');
  });

  test('without subordinate ids the mapping shrinks to one id, and changes of owner pretend to work', () => {
    const plan = planSandbox(directoryInput({ facts: { ids: SINGLE_ID } }));
    assert.deepEqual(only(plan, 'createNamespaces').ids, {
      kind: 'single',
      uid: { inside: 0, outside: 1000, count: 1 },
      gid: { inside: 0, outside: 1001, count: 1 },
    });
    assert.match(only(plan, 'seccomp').purpose, /root with one id/);
  });

  test('--user is a namespace inside the one mapping, entered before capabilities are dropped', () => {
    const plan = planSandbox(directoryInput({ user: { uid: 33, gid: 34 } }));
    assert.deepEqual(only(plan, 'nestedUser'), {
      op: 'nestedUser',
      uid: { inside: 33, outside: 0, count: 1 },
      gid: { inside: 34, outside: 0, count: 1 },
    });
    assert.deepEqual(only(plan, 'dropCapabilities').keep, []);
    assert.ok(position(plan, 'nestedUser') < position(plan, 'dropCapabilities'));
    const single = planSandbox(directoryInput({ user: { uid: 33, gid: 33 }, facts: { ids: SINGLE_ID } }));
    assert.doesNotMatch(only(single, 'seccomp').purpose, /root with one id/);
  });
});

describe('read-only', () => {
  test('every layer of the root is read-only, and the places that programs write to are in memory', () => {
    const host = planSandbox(hostInput({ spec: { readOnly: true } }));
    assert.ok(all(host, 'overlay').every(({ attributes }) => attributes.readOnly));
    assert.equal(names(host).at(position(host, 'pivotRoot') - 1), 'readOnlyRoot');
    const directory = planSandbox(directoryInput({ spec: { readOnly: true } }));
    for (const target of ['/run', '/tmp', '/var/tmp']) assert.ok(targets(directory).includes(target), target);
    assert.equal(all(planSandbox(directoryInput()), 'memory').length, 2, '/dev and /dev/shm');
  });
});

describe('network', () => {
  test('none: a namespace of its own with loopback up, a fresh sysfs, and no names of the host', () => {
    const plan = planSandbox(directoryInput({ spec: { network: 'none' } }));
    assert.ok(only(plan, 'createNamespaces').namespaces.includes('network'));
    assert.equal(position(plan, 'loopbackUp') > position(plan, 'createNamespaces'), true);
    assert.equal(only(plan, 'sysfs').fresh, true);
    assert.ok(!targets(plan).includes('/etc/resolv.conf'));
    const hosts = all(plan, 'bindContent').find(({ name }) => name.endsWith('hosts'));
    assert.equal(hosts?.content.includes('192.0.2.7'), false);
    assert.match(hosts?.content ?? '', /^127\.0\.0\.1 localhost$/m);
  });

  test('host: no namespace, the host names of the host and its resolver', () => {
    const plan = planSandbox(directoryInput());
    assert.ok(!only(plan, 'createNamespaces').namespaces.includes('network'));
    assert.deepEqual(all(plan, 'loopbackUp'), []);
    assert.equal(only(plan, 'sysfs').fresh, false);
    const content = new Map(all(plan, 'bindContent').map((operation) => [operation.target, operation.content]));
    assert.match(content.get('/etc/hosts') ?? '', /^192\.0\.2\.7 build$/m);
    assert.match(content.get('/etc/hosts') ?? '', /^127\.0\.1\.1 box$/m);
    assert.equal(content.get('/etc/resolv.conf'), 'nameserver 192.0.2.1\n');
    assert.equal(content.get('/etc/hostname'), 'box\n');
  });

  test('on host a resolv.conf that leads to /run is written to the /run of the sandbox', () => {
    const resolvConf = { path: '/run/systemd/resolve/stub.conf', content: 'nameserver 127.0.0.53\n' };
    const plan = planSandbox(hostInput({ facts: { resolvConf } }));
    const write = only(plan, 'writeFile');
    assert.deepEqual(write, { op: 'writeFile', path: resolvConf.path, content: resolvConf.content });
    const run = plan.findIndex((operation) => operation.op === 'memory' && operation.target === '/run');
    assert.ok(run < position(plan, 'writeFile'));
  });
});

describe('workspace', () => {
  test('cow is an overlay on the host directory, whose changes stay in the sandbox', () => {
    const plan = planSandbox(hostInput({ spec: { workspace: { kind: 'cow', path: '/home/ann/project' } } }));
    const overlay = all(plan, 'overlay').find(({ target }) => target === '/home/ann/project');
    assert.deepEqual(overlay?.layers.lower, ['/home/ann/project']);
    const made = only(plan, 'makeSandboxDirectories').directories.map(({ path }) => path);
    const { directory = '', work = '' } = overlay?.layers.upper ?? {};
    assert.ok(made.includes(directory) && made.includes(work));
    assert.ok(!all(plan, 'bind').some(({ source }) => source === '/home/ann/project'));
  });

  test('ro is a read-only bind, none is not there at all and leaves the command in the home', () => {
    const readOnly = planSandbox(hostInput({ spec: { workspace: { kind: 'ro', path: '/w' } } }));
    assert.equal(all(readOnly, 'bind').find(({ source }) => source === '/w')?.attributes.readOnly, true);
    const none = planSandbox(hostInput({ spec: { workspace: { kind: 'none' } } }));
    assert.deepEqual(only(none, 'changeDirectory'), {
      op: 'changeDirectory',
      path: '/home/ann',
      fallback: '/home/ann',
    });
  });
});

describe('volumes and file systems in memory', () => {
  const volume = (source: string, destination: string) => ({ source, destination, access: 'rw' }) as const;

  test('outer ones come first, whatever their order on the command line, the workspace among them', () => {
    const plan = planSandbox(
      hostInput({
        spec: {
          volumes: [volume('/s/deep', '/home/ann/project/a/b'), volume('/s/home', '/home/ann'), volume('/s/x', '/x')],
          tmpfs: [{ destination: '/home/ann/project/a', mode: 0o700, size: 4096 }],
        },
      }),
    );
    const wanted = new Set(['/x', '/home/ann', '/home/ann/project', '/home/ann/project/a', '/home/ann/project/a/b']);
    assert.deepEqual(
      targets(plan).filter((target) => wanted.has(target)),
      ['/x', '/home/ann', '/home/ann/project', '/home/ann/project/a', '/home/ann/project/a/b'],
    );
    const memory = all(plan, 'memory').find(({ target }) => target === '/home/ann/project/a');
    assert.deepEqual([memory?.size, memory?.mode], [4096, 0o700]);
  });

  test('a file gets a file to be mounted on', () => {
    const plan = planSandbox(
      hostInput({ spec: { volumes: [volume('/s/key', '/a/b/key')] }, volumeTypes: new Map([['/s/key', 'file']]) }),
    );
    const bind = plan.findIndex((operation) => operation.op === 'bind' && operation.source === '/s/key');
    assert.deepEqual(plan[bind - 1], { op: 'makeFile', path: '/a/b/key' });
    assert.deepEqual(plan[bind - 2], { op: 'makeDirectory', path: '/a/b', mode: 0o755 });
  });
});

describe('terminal and standard input', () => {
  test('an own terminal needs no filter against typing into it', () => {
    const plan = planSandbox(hostInput({ spec: { terminal: 'own' } }));
    assert.doesNotMatch(only(plan, 'seccomp').purpose, /terminal/);
    assert.ok(position(plan, 'devpts') < position(plan, 'ownTerminal'));
    assert.ok(position(plan, 'ownTerminal') < position(plan, 'startCommand'));
    assert.ok(position(plan, 'startCommand') < position(plan, 'takeTerminal'));
    assert.deepEqual(all(plan, 'standardInputNull'), []);
  });

  test('an inherited one is /dev/console; without standard input it is /dev/null', () => {
    const plan = planSandbox(hostInput({ terminalPath: '/dev/pts/3', spec: { stdin: false } }));
    const bind = all(plan, 'bind').find(({ target }) => target === '/dev/console');
    assert.deepEqual([bind?.source, bind?.optional], ['/dev/pts/3', true]);
    assert.ok(position(plan, 'standardInputNull') > position(plan, 'startCommand'));
  });
});

describe('the command', () => {
  test('a name is looked for along the PATH of the sandbox, where an empty entry is the current directory', () => {
    const plan = planSandbox(
      hostInput({ spec: { command: ['make', '-j'], environment: [['PATH', '/opt/bin::/bin']] } }),
    );
    assert.deepEqual(only(plan, 'execute'), {
      op: 'execute',
      command: ['make', '-j'],
      candidates: ['/opt/bin/make', './make', '/bin/make'],
      environment: [['PATH', '/opt/bin::/bin']],
    });
  });

  test('a path is taken as it is, and without PATH there is a default', () => {
    assert.deepEqual(only(planSandbox(hostInput({ spec: { command: ['./run'] } })), 'execute').candidates, ['./run']);
    const { candidates } = only(planSandbox(hostInput({ spec: { environment: [] } })), 'execute');
    assert.equal(candidates.length, 6);
    assert.ok(candidates.includes('/usr/bin/true'));
  });

  test('--workdir has no fallback: a directory that was asked for must be there', () => {
    const plan = planSandbox(hostInput({ spec: { workdir: '/srv' } }));
    assert.deepEqual(only(plan, 'changeDirectory'), { op: 'changeDirectory', path: '/srv' });
  });
});

describe('joining a running sandbox', () => {
  test('enters all its namespaces at once and plans only the command', () => {
    const input = hostInput({ spec: { network: 'none' } });
    const [join, start, ...command] = planJoin(input, '/store/sandboxes/dev');
    assert.deepEqual(join, {
      op: 'joinNamespaces',
      directory: '/store/sandboxes/dev',
      namespaces: only(planSandbox(input), 'createNamespaces').namespaces,
    });
    assert.deepEqual(start, { op: 'startCommand' });
    const whole = planSandbox(input);
    assert.deepEqual(command, whole.slice(position(whole, 'startCommand') + 1));
  });
});

test('a kept sandbox lies under its name, is synced, and its spec says what it is', () => {
  const input = hostInput({ spec: { lifetime: { kind: 'named', name: 'dev' } } });
  const plan = planSandbox(input);
  const enter = only(plan, 'enterSandboxDirectory');
  assert.equal(enter.store, '/home/ann/.local/share/sandbox/sandboxes');
  assert.deepEqual(enter.sandbox, { kind: 'named', name: 'dev' });
  assert.ok(all(plan, 'overlay').every(({ layers }) => !layers.volatile));
  const stored: unknown = JSON.parse(describeSpec(input));
  assert.deepEqual(stored, {
    version: 1,
    lifetime: { kind: 'named', name: 'dev' },
    rootfs: { kind: 'host' },
    storageDriver: 'native',
    workspace: { kind: 'rw', path: '/home/ann/project' },
    network: 'host',
    hostname: 'box',
    command: ['true'],
    security: PROFILES.dev,
    generation: 'g1',
  });
});
