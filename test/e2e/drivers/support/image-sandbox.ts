import assert from 'node:assert/strict';
import { accessSync, chmodSync, chownSync, constants, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { HostFacts } from '../../../../src/host/facts.ts';
import { findProgram, surveyIds } from '../../../../src/host/ids.ts';
import { compileLauncher } from '../../../../src/launch/compile.ts';
import { hostArch } from '../../../../src/linux/arch.ts';
import type { PlanInput, StorageDriver } from '../../../../src/plan/input.ts';
import { planSandbox } from '../../../../src/plan/plan.ts';
import { PROFILES } from '../../../../src/plan/profiles.ts';
import type { Spec } from '../../../../src/plan/spec.ts';
import { CANNOT_RUN_HERE, needs } from '../../../packages.ts';
import { needsAccount, type Result, runAs, type TestUser, testUser, workDirectory } from '../../../support/user.ts';

export type Kind = 'subordinate' | 'bare';

const MAKE_LAYERS = join(import.meta.dirname, 'make_layers.py');

/** Enters a user namespace as its root, with all the ids that the account has: unshare(1). */
export function asRootInside(kind: Kind): string[] {
  return ['unshare', '--user', ...(kind === 'bare' ? [] : ['--map-auto']), '--map-root-user'];
}

/** A test's skip option: an account of that kind, and Python. */
export function skipped(kind: Kind): string | false {
  return needsAccount(kind) || needs('python3', 'unshare', 'busybox');
}

/** The same for tests of fuse-overlayfs. The device is opened to everyone, as distributions for desktops have it. */
export function skippedWithoutFuse(kind: Kind): string | false {
  if (existsSync('/dev/fuse') && process.getuid?.() === 0) chmodSync('/dev/fuse', 0o666);
  try {
    accessSync('/dev/fuse', constants.R_OK | constants.W_OK);
  } catch {
    return `${CANNOT_RUN_HERE}/dev/fuse may not be opened`;
  }
  return skipped(kind) || needs('fuse-overlayfs');
}

/** A store of an account for one test. */
export interface Place {
  readonly kind: Kind;
  readonly user: TestUser;
  readonly directory: string;
  readonly store: string;
}

/** Made for a test and removed after it, although files may belong to subordinate ids. */
export function place(t: TestContext, kind: Kind): Place {
  const user = testUser(kind);
  const directory = workDirectory(t, user);
  const store = `${directory}/store`;
  for (const path of [store, `${store}/runs`, `${store}/sandboxes`]) {
    mkdirSync(path);
    chownSync(path, user.uid, user.gid);
  }
  t.after(async () => {
    await runAs(user, [...asRootInside(kind), 'sh', '-c', `chmod -R u+rwx ${store}/*/*/work*; rm -rf ${directory}/*`]);
  });
  return { kind, user, directory, store };
}

/** Layers with everything that is hard about them; their trees' paths, uppermost first. */
export async function madeLayers({ kind, user, directory }: Place): Promise<string[]> {
  const owners = kind === 'bare' ? 'one' : 'many';
  const { status, stdout, stderr } = await runAs(user, [
    ...asRootInside(kind),
    'python3',
    MAKE_LAYERS,
    `${directory}/layers`,
    owners,
  ]);
  assert.equal(status, 0, stderr);
  return stdout.trim().split('\n');
}

export function driverNamed(name: StorageDriver['kind'], user: TestUser): StorageDriver {
  if (name === 'native') return { kind: 'native' };
  if (name === 'copy') return { kind: 'copy', helper: [user.sandbox, '__copy'] };
  const program = findProgram('fuse-overlayfs', '');
  assert.ok(program);
  return { kind: 'fuse-overlayfs', program };
}

export interface ImageOptions {
  readonly layers: readonly string[];
  readonly driver: StorageDriver['kind'];
  readonly command: readonly string[];
  readonly spec?: Partial<Spec>;
  /** Who the command is inside; root. */
  readonly uid?: number;
}

/** The operations for a sandbox of an image with these layers: no registry, no store of images, the rest as it is. */
export function imagePlan({ user, store }: Place, { layers, driver, command, spec, uid = 0 }: ImageOptions) {
  const image = { kind: 'image', name: 'example.org/made:1', manifest: `sha256:${'0'.repeat(64)}`, layers } as const;
  const facts: HostFacts = {
    arch: hostArch(),
    uid: user.uid,
    gid: user.gid,
    userName: user.name,
    home: user.home,
    ids: surveyIds({ uid: user.uid, name: user.name }, ''),
    mounts: [],
    store,
  };
  const input: PlanInput = {
    spec: {
      lifetime: { kind: 'ephemeral' },
      rootfs: image,
      workspace: { kind: 'none' },
      user: { kind: 'default' },
      environment: [['PATH', '/usr/bin:/bin']],
      hostname: 'box',
      readOnly: false,
      network: 'none',
      // Of the host, so that whatever program is needed is there; the layers have links to it.
      volumes: [
        { source: '/usr', destination: '/usr', access: 'ro' },
        { source: join(import.meta.dirname, '../../../support'), destination: '/script', access: 'ro' },
      ],
      tmpfs: [],
      devices: [],
      secrets: [],
      security: PROFILES.dev,
      resourceLimits: [],
      terminal: 'inherited',
      stdin: true,
      command,
      ...spec,
    },
    facts,
    root: image,
    driver: driverNamed(driver, user),
    ...(layers[0] === undefined ? {} : { rootMode: statSync(layers[0]).mode & 0o7777 }),
    user: { uid, gid: uid },
    volumeTypes: new Map(),
    hosts: '',
  };
  return planSandbox(input);
}

let launchers = 0;

/** The launcher of such a sandbox as a file that the account can execute. */
export function imageLauncher(where: Place, options: ImageOptions): string {
  if (options.spec?.lifetime?.kind === 'named') {
    const path = `${where.store}/sandboxes/${options.spec.lifetime.name}`;
    if (!existsSync(path)) {
      mkdirSync(path, { mode: 0o700 });
      chownSync(path, where.user.uid, where.user.gid);
    }
  }
  launchers += 1;
  const path = `${where.directory}/launcher-${launchers}`;
  const elf = compileLauncher(imagePlan(where, options), { arch: hostArch() }).elf();
  writeFileSync(path, elf, { mode: 0o755 });
  return path;
}

export async function runImage(where: Place, options: ImageOptions): Promise<Result> {
  return await runAs(where.user, [imageLauncher(where, options)]);
}

/** Runs a shell script that has to end well; gives what it printed. */
export async function insideImage(
  where: Place,
  options: Omit<ImageOptions, 'command'>,
  script: string,
): Promise<string> {
  const { status, stdout, stderr } = await runImage(where, { ...options, command: ['/bin/sh', '-c', script] });
  assert.equal(status, 0, stderr);
  return stdout;
}
