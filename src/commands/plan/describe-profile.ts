import type { SetupOp } from '../../launch/operations.ts';
import type { Spec } from '../../plan/spec.ts';

/** How the command is held, by the names of config.toml. */
export function profileSettings({ security, ...spec }: Spec, operations: readonly SetupOp[]): Record<string, unknown> {
  const { seccomp } = security;
  const given = (name: string, setting: unknown) => (setting === undefined ? {} : { [name]: setting });
  const kept = operations.findLast((operation) => operation.op === 'dropCapabilities');
  return {
    name: security.profile,
    network: spec.network,
    workspace: spec.workspace.kind,
    session: security.session,
    terminal: spec.terminal,
    seccomp: seccomp.kind === 'list' ? seccomp.name : seccomp.kind === 'profile' ? seccomp.path : 'unconfined',
    '32bit': security.foreignCalls === 'allowed',
    landlock: security.landlock,
    ...given('connect-tcp', security.connectTcp),
    ...given('bind-tcp', security.bindTcp),
    'user-namespaces': security.userNamespaces === 'allowed',
    capabilities: kept?.op === 'dropCapabilities' ? kept.keep : [],
    environment: spec.environment.map(([name]) => name),
    devices: spec.devices.map(({ destination }) => destination),
    secrets: spec.secrets.map(({ name }) => name),
    ...given('limits', spec.limits),
    'resource-limits': Object.fromEntries(spec.resourceLimits.map(({ name, soft, hard }) => [name, [soft, hard]])),
    ...given('timeout', spec.timeout),
  };
}

function inWords(setting: unknown): string {
  if (setting === true) return 'yes';
  if (setting === false) return 'no';
  if (Array.isArray(setting)) return setting.length === 0 ? 'none' : setting.join(' ');
  if (typeof setting !== 'object' || setting === null) return String(setting);
  const parts = Object.entries(setting).map(([name, each]) => `${name} ${inWords(each)}`);
  return parts.length === 0 ? 'none' : parts.join(', ');
}

/** The same as lines for people. */
export function describeProfile(settings: Record<string, unknown>): string {
  const entries = Object.entries(settings);
  const width = Math.max(...entries.map(([name]) => name.length));
  const lines = entries.map(
    ([name, setting]) => `${(name === 'name' ? 'profile' : name).padEnd(width)}  ${inWords(setting)}`,
  );
  return `${lines.join('\n')}\n`;
}

/** What a secret is, is not shown: only how long it is. */
export function withoutSecrets(spec: Spec): Spec {
  const secrets = spec.secrets.map(({ name, content }) => ({ name, content: `(${Buffer.byteLength(content)} bytes)` }));
  return { ...spec, secrets };
}
