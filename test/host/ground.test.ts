import assert from 'node:assert/strict';
import { test } from 'node:test';
import { computeGround, type DirectoryEntry, type Ground } from '../../src/host/ground.ts';

/** A tree as data: null is a file, a string a symlink's target, 'denied' as a symbol an unreadable directory. */
const DENIED = Symbol('denied');
const SOCKET = Symbol('socket');
interface Tree {
  readonly [name: string]: Tree | string | null | typeof DENIED | typeof SOCKET;
}

function find(tree: Tree, path: string): Tree[string] | undefined {
  let node: Tree[string] | undefined = tree;
  for (const name of path.split('/').filter((part) => part !== '')) {
    if (typeof node !== 'object' || node === null) return undefined;
    node = node[name];
  }
  return node;
}

function entryOf(name: string, node: Tree[string]): DirectoryEntry {
  if (node === null) return { name, type: { kind: 'file' } };
  if (typeof node === 'string') return { name, type: { kind: 'symlink', target: node } };
  if (node === SOCKET) return { name, type: { kind: 'other' } };
  return { name, type: { kind: 'directory' } };
}

interface Host {
  readonly tree: Tree;
  readonly mounts?: ReadonlyArray<readonly [mountPoint: string, fsType: string]>;
  readonly home?: string;
  readonly store?: string;
}

function groundOf(host: Host): Ground {
  const ground = computeGround({
    mounts: [['/', 'ext4'] as const, ...(host.mounts ?? [])].map(([mountPoint, fsType]) => ({ mountPoint, fsType })),
    home: host.home ?? '/home/ann',
    store: host.store ?? '/home/ann/.local/share/sandbox',
    accessible: (path) => find(host.tree, path) !== DENIED,
    readDirectory: (path) => {
      const node = find(host.tree, path);
      if (typeof node !== 'object' || node === null) return undefined;
      return Object.entries(node).map(([name, child]) => entryOf(name, child));
    },
  });
  assert.ok(ground);
  return ground;
}

/** 'overlay /usr', 'symlink /bin -> usr/bin' */
function lines(ground: Ground): string[] {
  return ground.entries.map((entry) =>
    entry.kind === 'symlink' ? `symlink ${entry.path} -> ${entry.target}` : `${entry.kind} ${entry.path}`,
  );
}

const PLAIN: Tree = {
  bin: 'usr/bin',
  boot: {},
  dev: {},
  etc: { passwd: null, ssl: {} },
  home: { ann: {} },
  'lost+found': DENIED,
  proc: {},
  root: DENIED,
  run: {},
  'swap.img': null,
  sys: {},
  tmp: {},
  usr: { bin: {}, lib: {}, local: {} },
  var: { lib: {}, run: '/run', tmp: {} },
};

test('a host without sub-mounts: overlays, symlinks, and places made anew', () => {
  assert.deepEqual(lines(groundOf({ tree: PLAIN })), [
    'symlink /bin -> usr/bin',
    'overlay /boot',
    'fresh /dev',
    'overlay /etc',
    'fresh /home',
    'fresh /proc',
    'fresh /root',
    'fresh /run',
    'fresh /sys',
    'fresh /tmp',
    'overlay /usr',
    'overlay /var',
    'fresh /var/tmp',
  ]);
});

test('mounts below places that are made anew change nothing', () => {
  const mounts = [
    ['/proc/sys/fs/binfmt_misc', 'autofs'],
    ['/run/user/1000', 'tmpfs'],
    ['/dev/shm', 'tmpfs'],
    ['/home/ann/remote', 'fuse.sshfs'],
  ] as const;
  assert.deepEqual(groundOf({ tree: PLAIN, mounts }), groundOf({ tree: PLAIN }));
});

test('a directory around a mount becomes ground, its children are overlaid one by one', () => {
  const tree: Tree = { usr: { bin: {}, lib: { x: {} }, local: { bin: {} }, lib64: 'lib', README: null, sock: SOCKET } };
  assert.deepEqual(lines(groundOf({ tree, mounts: [['/usr/local', 'xfs']] })), [
    'directory /usr',
    'overlay /usr/bin',
    'overlay /usr/lib',
    'overlay /usr/local',
    'symlink /usr/lib64 -> lib',
    'file /usr/README',
  ]);
});

test('a mount with a mount below it is ground as well', () => {
  const tree: Tree = { var: { lib: { a: { data: {}, other: {} }, b: {} } } };
  const mounts = [
    ['/var/lib/a', 'ext4'],
    ['/var/lib/a/data', 'btrfs'],
  ] as const;
  assert.deepEqual(lines(groundOf({ tree, mounts })), [
    'directory /var',
    'directory /var/lib',
    'directory /var/lib/a',
    'overlay /var/lib/a/data',
    'overlay /var/lib/a/other',
    'overlay /var/lib/b',
  ]);
});

test('files mounted into /etc, as in containers: all of /etc is copied', () => {
  const tree: Tree = {
    etc: { hosts: null, passwd: null, ssl: { certs: {} }, mtab: '../proc/self/mounts', secret: DENIED },
  };
  assert.deepEqual(lines(groundOf({ tree, mounts: [['/etc/hosts', 'ext4']] })), [
    'directory /etc',
    'copy /etc/hosts',
    'copy /etc/passwd',
    'copy /etc/ssl',
    'symlink /etc/mtab -> ../proc/self/mounts',
    'copy /etc/secret',
  ]);
});

test('a directory of thousands of files with a file mounted in is bound as a whole', () => {
  const many = Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`tool${index}`, null]));
  const tree: Tree = { usr: { bin: { ...many, 'nvidia-smi': null }, lib: {} } };
  assert.deepEqual(lines(groundOf({ tree, mounts: [['/usr/bin/nvidia-smi', 'overlay']] })), [
    'directory /usr',
    'bind /usr/bin',
    'overlay /usr/lib',
  ]);
});

test('a bind never brings the store in', () => {
  const many = Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`note${index}`, null]));
  const ground = groundOf({ tree: { data: { ...many, sandbox: {} } }, store: '/data/sandbox' });
  assert.equal(ground.entries[0]?.kind, 'directory');
  assert.ok(!ground.entries.some((entry) => entry.kind === 'bind'));
});

for (const [fsType, reason] of [
  ['vfat', /own way/],
  ['nfs4', /network/],
  ['fuse.sshfs', /served by a program/],
  ['fuseblk', /served by a program/],
  ['autofs', /mounts what is asked for/],
  ['debugfs', /not known/],
] as const) {
  test(`a mount of ${fsType} is left out with a reason, its place stays as an empty directory`, () => {
    const ground = groundOf({ tree: { boot: { efi: {}, grub: {} } }, mounts: [['/boot/efi', fsType]] });
    assert.deepEqual(lines(ground), ['directory /boot', 'directory /boot/efi', 'overlay /boot/grub']);
    assert.equal(ground.leftOut[0]?.path, '/boot/efi');
    assert.match(ground.leftOut[0]?.reason ?? '', reason);
  });
}

test('the root itself may be of any type: a container on overlayfs, a virtual machine on 9p', () => {
  for (const fsType of ['overlay', '9p', 'fuse.fuse-overlayfs']) {
    const ground = groundOf({ tree: { usr: {} }, mounts: [['/', fsType]] });
    assert.deepEqual(lines(ground), ['overlay /usr']);
  }
});

test('of stacked mounts the last one counts', () => {
  const mounts = [
    ['/data', 'ext4'],
    ['/data', 'nfs'],
  ] as const;
  assert.deepEqual(lines(groundOf({ tree: { data: {} }, mounts })), ['directory /data']);
});

test('/mnt and /media are shown without mounts, and empty with them', () => {
  const tree: Tree = { media: { readme: null }, mnt: { disk: {} } };
  const ground = groundOf({ tree, mounts: [['/mnt/disk', 'ext4']] });
  assert.deepEqual(lines(ground), ['overlay /media', 'directory /mnt']);
  assert.deepEqual(
    ground.leftOut.map((place) => place.path),
    ['/mnt'],
  );
});

test('snaps are bound as they are', () => {
  const tree: Tree = { snap: { core22: { '1': {} } } };
  assert.deepEqual(lines(groundOf({ tree, mounts: [['/snap/core22/1', 'squashfs']] })), ['bind /snap']);
});

test('an unreadable directory is an empty one, with mounts below it or without', () => {
  const tree: Tree = { srv: DENIED, var: { lib: { docker: DENIED } } };
  const ground = groundOf({ tree, mounts: [['/var/lib/docker/overlay2/x/merged', 'overlay']] });
  assert.deepEqual(lines(ground), [
    'directory /srv',
    'directory /var',
    'directory /var/lib',
    'directory /var/lib/docker',
  ]);
  assert.deepEqual(
    ground.leftOut.map((place) => place.path),
    ['/var/lib/docker'],
  );
});

test('homes behind a symlink (/home -> var/home) are hidden where they are, and the store above them splits /var', () => {
  const tree: Tree = { home: 'var/home', var: { home: { ann: {}, bob: {} }, lib: {} } };
  const ground = groundOf({ tree, home: '/var/home/ann', store: '/var/home/ann/.local/share/sandbox' });
  assert.deepEqual(lines(ground), [
    'symlink /home -> var/home',
    'directory /var',
    'fresh /var/home',
    'overlay /var/lib',
  ]);
});

test('a home elsewhere is made anew inside of its overlay', () => {
  const tree: Tree = { home: {}, opt: { tool: { me: {} } } };
  const ground = groundOf({ tree, home: '/opt/tool/me', store: '/home/x/sandbox' });
  assert.deepEqual(lines(ground), ['fresh /home', 'overlay /opt', 'fresh /opt/tool/me']);
});

test('a home of / hides nothing', () => {
  assert.deepEqual(lines(groundOf({ tree: { usr: {} }, home: '/', store: '/.local/share/sandbox' })), ['overlay /usr']);
});

test('the store outside of the home is never shown, and nothing is overlaid above it', () => {
  const ground = groundOf({ tree: { data: { files: {}, sandbox: { host: {} } } }, store: '/data/sandbox' });
  assert.deepEqual(lines(ground), ['directory /data', 'overlay /data/files', 'directory /data/sandbox']);
  assert.deepEqual(ground.leftOut, [{ path: '/data/sandbox', reason: 'the store of the sandboxes' }]);
});

test('on NixOS the links in /run that lead to the programs are kept', () => {
  const tree: Tree = {
    nix: { store: {} },
    run: { 'current-system': '/nix/store/abc-system', user: {}, initctl: '/dev/initctl' },
  };
  assert.deepEqual(lines(groundOf({ tree })), [
    'overlay /nix',
    'fresh /run',
    'symlink /run/current-system -> /nix/store/abc-system',
  ]);
});

test('an unreadable / gives no ground', () => {
  const input = { mounts: [], home: '/h', store: '/s', accessible: () => true, readDirectory: () => undefined };
  assert.equal(computeGround(input), undefined);
});

test('no overlay ever has a mount or the store strictly below it, whatever the mounts are', () => {
  const places = [
    '/usr',
    '/usr/local',
    '/usr/local/bin',
    '/var/lib',
    '/var/lib/x/y',
    '/etc/hosts',
    '/etc/ssl',
    '/boot',
  ];
  const tree: Tree = {
    boot: {},
    etc: { hosts: null, ssl: { certs: {} } },
    usr: { bin: {}, local: { bin: {} } },
    var: { lib: { x: { y: {} } }, tmp: {} },
  };
  for (let choice = 0; choice < 2 ** places.length; choice++) {
    const mounted = places.filter((_, index) => (choice >> index) & 1);
    const ground = groundOf({
      tree,
      mounts: mounted.map((path) => [path, 'ext4'] as const),
      store: '/var/lib/x/y/store',
    });
    for (const entry of ground.entries) {
      if (entry.kind !== 'overlay') continue;
      const below = [...mounted, '/var/lib/x/y/store'].filter((path) => path.startsWith(`${entry.path}/`));
      assert.deepEqual(below, [], `${entry.path} with ${mounted.join(' ')}`);
    }
    const paths = ground.entries.map((entry) => entry.path);
    assert.equal(new Set(paths).size, paths.length, 'each path once');
  }
});
