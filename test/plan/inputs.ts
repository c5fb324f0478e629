/** Inputs of the plan as tests write them: a whole one, and what is different. */
import fc from 'fast-check';
import type { HostFacts } from '../../src/host/facts.ts';
import type { SetupOp } from '../../src/launch/operations.ts';
import type { PlanInput } from '../../src/plan/input.ts';
import { PROFILES } from '../../src/plan/profiles.ts';
import type { Spec } from '../../src/plan/spec.ts';

const FACTS: HostFacts = {
  arch: 'x86_64',
  uid: 1000,
  gid: 1001,
  userName: 'ann',
  home: '/home/ann',
  ids: {
    kind: 'subordinate',
    uids: [{ start: 100_000, count: 65_536 }],
    gids: [{ start: 200_000, count: 65_536 }],
    newuidmap: '/usr/bin/newuidmap',
    newgidmap: '/usr/bin/newgidmap',
  },
  overlay: { kind: 'native' },
  mounts: [],
  store: '/home/ann/.local/share/sandbox',
  resolvConf: { path: '/etc/resolv.conf', content: 'nameserver 192.0.2.1\n' },
};

const SPEC: Spec = {
  lifetime: { kind: 'ephemeral' },
  rootfs: { kind: 'host' },
  workspace: { kind: 'rw', path: '/home/ann/project' },
  user: { kind: 'default' },
  environment: [['PATH', '/usr/bin:/bin']],
  hostname: 'box',
  readOnly: false,
  network: 'host',
  volumes: [],
  tmpfs: [],
  devices: [],
  secrets: [],
  security: PROFILES.dev,
  resourceLimits: [],
  terminal: 'inherited',
  stdin: true,
  command: ['true'],
};

const GROUND: Extract<PlanInput['root'], { kind: 'host' }>['ground'] = [
  { kind: 'symlink', path: '/bin', target: 'usr/bin' },
  { kind: 'overlay', path: '/etc' },
  { kind: 'overlay', path: '/usr' },
  { kind: 'directory', path: '/var' },
  { kind: 'bind', path: '/var/mounted' },
  { kind: 'file', path: '/swapfile' },
  { kind: 'fresh', path: '/tmp' },
];

export interface InputChanges {
  readonly spec?: Partial<Spec>;
  readonly facts?: Partial<HostFacts>;
  readonly driver?: PlanInput['driver'];
  readonly user?: PlanInput['user'];
  readonly volumeTypes?: PlanInput['volumeTypes'];
  readonly terminalPath?: string;
}

/** On the machine of Ann (1000:1001, with subordinate ids), the `host` image as herself unless changed. */
export function hostInput({ spec, facts, ...more }: InputChanges = {}): PlanInput {
  return {
    spec: { ...SPEC, ...spec },
    facts: { ...FACTS, ...facts },
    root: { kind: 'host', ground: GROUND, generation: 'g1' },
    driver: { kind: 'native' },
    user: { uid: FACTS.uid, gid: FACTS.gid },
    volumeTypes: new Map(),
    hosts: '192.0.2.7 build\n',
    ...more,
  };
}

/** The same over the root file system in a directory, as root unless changed. */
export function directoryInput({ spec, facts, ...more }: InputChanges = {}): PlanInput {
  const path = '/images/debian';
  return {
    ...hostInput(),
    spec: { ...SPEC, rootfs: { kind: 'directory', path }, ...spec },
    facts: { ...FACTS, ...facts },
    root: { kind: 'directory', path },
    user: { uid: 0, gid: 0 },
    ...more,
  };
}

/** The same over an image of three layers. */
export function imageInput(changes: InputChanges = {}): PlanInput {
  const image = {
    kind: 'image',
    name: 'docker.io/library/debian:bookworm',
    manifest: `sha256:${'0'.repeat(64)}`,
    layers: ['c', 'b', 'a'].map((name) => `/store/layers/ids-1/${name}/tree`),
  } as const;
  const input = directoryInput({ ...changes, spec: { rootfs: image, ...changes.spec } });
  return { ...input, root: image };
}

export const SINGLE_ID: HostFacts['ids'] = { kind: 'single', reason: 'no line in /etc/subuid' };

type Op<Name extends SetupOp['op']> = Extract<SetupOp, { op: Name }>;

/** All operations of a name, in order. */
export function all<Name extends SetupOp['op']>(operations: readonly SetupOp[], name: Name): Op<Name>[] {
  return operations.filter((operation): operation is Op<Name> => operation.op === name);
}

/** The only operation of a name. Throws where there is none, or more than one. */
export function only<Name extends SetupOp['op']>(operations: readonly SetupOp[], name: Name): Op<Name> {
  const [found, ...others] = all(operations, name);
  if (!found || others.length > 0) throw new Error(`expected one ${name}, got ${found ? others.length + 1 : 0}`);
  return found;
}

/** Where an operation of a name stands first; -1: nowhere. */
export function position(operations: readonly SetupOp[], name: SetupOp['op']): number {
  return operations.findIndex(({ op }) => op === name);
}

const name = fc.stringMatching(/^[a-z][a-z0-9 ,:\\-]{0,6}$/);
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => `/${names.join('/')}`);
const access = fc.constantFrom('rw' as const, 'ro' as const);

const workspace = fc.oneof(
  fc.constant({ kind: 'none' as const }),
  fc.record({ kind: fc.constantFrom('rw' as const, 'ro' as const, 'cow' as const), path }),
);

const spec: fc.Arbitrary<Partial<Spec>> = fc.record({
  lifetime: fc.oneof(
    fc.constant({ kind: 'ephemeral' as const }),
    name.map((text) => ({ kind: 'named' as const, name: text })),
  ),
  workspace,
  environment: fc.uniqueArray(fc.tuple(fc.constantFrom('PATH', 'A', 'B'), path), {
    selector: ([variable]) => variable,
  }),
  readOnly: fc.boolean(),
  network: fc.constantFrom('none' as const, 'host' as const),
  volumes: fc.array(fc.record({ source: path, destination: path, access }), { maxLength: 4 }),
  tmpfs: fc.array(fc.record({ destination: path, mode: fc.constantFrom(0o1777, 0o700) }), { maxLength: 2 }),
  secrets: fc.uniqueArray(fc.record({ name: fc.constantFrom('token', 'key'), content: path }), {
    selector: (secret) => secret.name,
  }),
  security: fc.constantFrom(PROFILES.dev, PROFILES.strict),
  terminal: fc.constantFrom('inherited' as const, 'own' as const),
  stdin: fc.boolean(),
  command: fc.array(fc.constantFrom('true', '/bin/sh', './x', '-c'), { minLength: 1, maxLength: 3 }),
});

const driver: fc.Arbitrary<PlanInput['driver']> = fc.constantFrom(
  { kind: 'native' as const },
  { kind: 'fuse-overlayfs' as const, program: '/usr/bin/fuse-overlayfs' },
  { kind: 'copy' as const, helper: ['/usr/bin/sandbox', '__copy'] },
);

/** The host's own system is for native overlays only. */
const otherThanHost = fc.record({ make: fc.constantFrom(directoryInput, imageInput), driver }).map(
  ({ make, driver }) =>
    (changes: InputChanges): PlanInput =>
      make({ ...changes, driver }),
);

/** Any input that the command line can give. */
export const anyInput: fc.Arbitrary<PlanInput> = fc
  .record({
    make: fc.oneof(fc.constant(hostInput), otherThanHost),
    spec,
    workdir: fc.option(path, { nil: undefined }),
    single: fc.boolean(),
    arch: fc.constantFrom('x86_64' as const, 'aarch64' as const),
    user: fc.constantFrom({ uid: 0, gid: 0 }, { uid: 1000, gid: 1001 }, { uid: 33, gid: 33 }),
    terminalPath: fc.option(fc.constant('/dev/pts/3'), { nil: undefined }),
    files: fc.boolean(),
  })
  .map(({ make, spec, workdir, single, arch, user, terminalPath, files }) =>
    make({
      spec: workdir === undefined ? spec : { ...spec, workdir },
      facts: single ? { arch, ids: SINGLE_ID } : { arch },
      user,
      volumeTypes: new Map((spec.volumes ?? []).map(({ source }) => [source, files ? 'file' : 'directory'])),
      ...(terminalPath === undefined ? {} : { terminalPath }),
    }),
  );
