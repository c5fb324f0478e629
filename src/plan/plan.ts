import type { NamespaceKind, SandboxDirectory, SetupOp } from '../launch/operations.ts';
import { describeSpec } from './describe-spec.ts';
import { type Identity, identityFor } from './identity.ts';
import type { PlanInput } from './input.ts';
import { planDevices, planKernelFiles } from './kernel-files.ts';
import { planPlaces } from './places.ts';
import { planCommandRestrictions } from './restrictions.ts';
import { planRoot } from './root.ts';
import { planRootEmulation } from './root-emulation.ts';
import { planSecrets } from './secrets.ts';
import type { Spec } from './spec.ts';
import { planTimeZone, withTimeZone } from './time-zone.ts';

const ISOLATED: readonly NamespaceKind[] = ['user', 'mount', 'pid', 'ipc', 'uts', 'cgroup'];
/** What it takes to take on another id, and to give this up. */
const BECOMING_ANOTHER = ['CAP_SETUID', 'CAP_SETGID', 'CAP_SETPCAP'] as const;
/** Where in the store the directories of sandboxes lie: store/layout.ts. */
const SHELVES = { ephemeral: 'runs', named: 'sandboxes', build: 'builds' } as const;
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Gives the namespaces that a sandbox has of its own. */
export function namespacesOf(network: 'none' | 'host'): NamespaceKind[] {
  return network === 'none' ? [...ISOLATED, 'network'] : [...ISOLATED];
}

/** Gives all operations from the request to the running command; pure, and as it is printed by `sandbox plan`. */
export function planSandbox(input: PlanInput): SetupOp[] {
  const { spec, facts } = input;
  const identity = identityFor(input);
  const root = planRoot(input);
  const places = planPlaces(input);
  const sandbox: SandboxDirectory =
    spec.lifetime.kind === 'ephemeral' ? { kind: 'generated' } : { kind: 'named', name: spec.lifetime.name };
  const operations: SetupOp[] = [
    {
      op: 'enterSandboxDirectory',
      store: `${facts.store}/${SHELVES[spec.lifetime.kind]}`,
      sandbox,
      spec: describeSpec(input),
    },
    {
      op: 'makeSandboxDirectories',
      directories: [
        ...root.directories,
        ...places.directories,
        ...(input.root.kind === 'host' ? [{ path: 'tmp', mode: 0o1777 }] : []),
      ],
    },
    ...planControls(input),
    { op: 'createNamespaces', namespaces: namespacesOf(spec.network), ids: identity.mapping },
    { op: 'dieWithMonitor' },
    { op: 'isolateMounts' },
    { op: 'hostname', name: spec.hostname },
    ...root.operations,
    ...planKernelFiles(input, identity),
    ...planDevices(input, identity),
    ...planFreshPlaces(input),
    ...planSecrets(input, identity),
    ...planTimeZone(input),
    ...planNetwork(input),
    ...planRootEmulation(identity),
    ...places.operations,
    ...planWorkdir(input),
  ];
  if (spec.readOnly) operations.push({ op: 'readOnlyRoot' });
  const { stopSignal } = spec;
  const start: SetupOp = { op: 'startCommand', ...(stopSignal === undefined ? {} : { stopSignal }) };
  operations.push({ op: 'pivotRoot' }, start, ...planCommand(input, identity));
  return operations;
}

/** The same for a second command in a running sandbox: its namespaces are there, only the command is new. */
export function planJoin(input: PlanInput, directory: string): SetupOp[] {
  const namespaces = namespacesOf(input.spec.network);
  return [
    ...(input.spec.limits === undefined ? [] : [{ op: 'enterControlGroup' } as const]),
    { op: 'joinNamespaces', directory, namespaces },
    { op: 'startCommand' },
    // The log is that of the command which the sandbox was made for.
    ...planCommand({ ...input, spec: withoutAudit(input.spec) }, identityFor(input)),
  ];
}

function withoutAudit({ audit: _, ...spec }: Spec): Spec {
  return spec;
}

/** What the monitor arranges for the whole sandbox. */
function planControls({ spec }: PlanInput): SetupOp[] {
  return [
    ...(spec.limits === undefined ? [] : [{ op: 'enterControlGroup' } as const]),
    ...(spec.audit === undefined ? [] : [{ op: 'openAuditLog', depth: spec.audit } as const]),
    ...(spec.timeout === undefined ? [] : [{ op: 'timeLimit', seconds: spec.timeout } as const]),
  ];
}

/** The working directory in an image is made where it is missing: as podman does it with the image's, and docker with -w. */
function planWorkdir({ spec, root }: PlanInput): SetupOp[] {
  if (root.kind !== 'image' || spec.workdir === undefined || spec.workdir === '/') return [];
  return [{ op: 'makeDirectory', path: spec.workdir, mode: 0o755 }];
}

/** Places that every sandbox has empty: in memory, but for /var/tmp, which is for what is too large for that. */
function planFreshPlaces({ spec, root, facts }: PlanInput): SetupOp[] {
  const attributes = { noSuid: true, noDev: true };
  const inMemory = (target: string, mode: number): SetupOp[] => [
    { op: 'makeDirectory', path: target, mode: 0o755 },
    { op: 'memory', target, mode, attributes },
  ];
  if (root.kind === 'host') {
    return [
      ...inMemory('/run', 0o755),
      { op: 'makeDirectory', path: '/run/lock', mode: 0o1777 },
      ...inMemory('/tmp', 0o1777),
      { op: 'bind', source: 'tmp', target: '/var/tmp', recursive: false, attributes, optional: true },
      { op: 'makeDirectory', path: facts.home, mode: 0o700 },
    ];
  }
  if (!spec.readOnly) return [];
  return ['/run', '/tmp', '/var/tmp'].flatMap((path) => inMemory(path, path === '/run' ? 0o755 : 0o1777));
}

/** Host names, addresses and the loopback interface. */
function planNetwork({ spec, root, facts, hosts }: PlanInput): SetupOp[] {
  const operations: SetupOp[] = [];
  const own = '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n';
  const known = spec.network === 'host' ? hosts : own;
  const content = (name: string, text: string): SetupOp[] => [
    { op: 'makeFile', path: `/etc/${name}` },
    { op: 'bindContent', name, content: text, target: `/etc/${name}` },
  ];
  operations.push(...content('hosts', `${known.trimEnd()}\n127.0.1.1 ${spec.hostname}\n`));
  operations.push(...content('hostname', `${spec.hostname}\n`));
  const resolver = facts.resolvConf;
  if (spec.network === 'host' && resolver) {
    if (root.kind !== 'host') operations.push(...content('resolv.conf', resolver.content));
    else if (resolver.path.startsWith('/run/')) {
      const directory = resolver.path.slice(0, resolver.path.lastIndexOf('/'));
      operations.push(
        { op: 'makeDirectory', path: directory, mode: 0o755 },
        { op: 'writeFile', path: resolver.path, content: resolver.content },
      );
    }
  }
  if (spec.network === 'none') operations.push({ op: 'loopbackUp' });
  return operations;
}

function planCommand(input: PlanInput, identity: Identity): SetupOp[] {
  const { spec, facts, root } = input;
  const operations: SetupOp[] = [];
  // The pseudo-terminal is one of the descriptors that are closed.
  if (spec.terminal === 'own') operations.push({ op: 'takeTerminal' });
  else if (spec.security.session === 'own') operations.push({ op: 'newSession' });
  operations.push({ op: 'closeDescriptors', ...(spec.audit === undefined ? {} : { keepsLog: true }) });
  if (spec.terminal !== 'own' && !spec.stdin) operations.push({ op: 'standardInputNull' });
  const last = spec.security.userNamespaces === 'refused' ? { last: true } : {};
  if (identity.nested) operations.push({ op: 'nestedUser', ...identity.nested, ...last });
  const home = root.kind === 'host' ? facts.home : '/';
  const natural = spec.workspace.kind === 'none' ? home : spec.workspace.path;
  operations.push(
    spec.workdir === undefined
      ? { op: 'changeDirectory', path: natural, fallback: home }
      : { op: 'changeDirectory', path: spec.workdir },
  );
  operations.push(...planCommandRestrictions(input, identity));
  if (identity.account) {
    operations.push(
      { op: 'dropCapabilities', keep: [...new Set([...BECOMING_ANOTHER, ...identity.capabilities])] },
      { op: 'setUser', ...identity.account },
    );
  }
  operations.push(
    // Last: with all capabilities no process of a sandbox that is joined can reach this one, and without them it has
    // nothing left that the command is not to have.
    { op: 'dropCapabilities', keep: identity.capabilities },
    { op: 'resetSignals' },
    { op: 'execute', command: spec.command, candidates: candidates(spec), environment: withTimeZone(input) },
  );
  return operations;
}

/** Where a command is looked for: along the sandbox's own PATH, as execvp(3) does. */
function candidates({ command, environment }: PlanInput['spec']): string[] {
  const name = command[0] ?? '';
  if (name.includes('/') || name === '') return [name];
  const path = environment.find(([variable]) => variable === 'PATH')?.[1] ?? DEFAULT_PATH;
  return path.split(':').map((directory) => `${directory === '' ? '.' : directory}/${name}`);
}
