import { CAPABILITIES, type Capability } from '../linux/constants/capability.ts';
import { BUILT_IN_PROFILES, type ProfileLimits, type ProfileSettings, SESSION_PARTS } from './config.ts';
import { didYouMean } from './did-you-mean.ts';
import { byteSize, choice, flag, type KeyPath, list, members, number, type Source, string, table } from './source.ts';

const KEYS = [
  'extends',
  'network',
  'workspace',
  'session',
  'landlock',
  'seccomp',
  '32bit',
  'user-namespaces',
  'cap-add',
  'cap-drop',
  'connect-tcp',
  'bind-tcp',
  'env',
  'limits',
  ...SESSION_PARTS,
] as const;

const LIMITS = ['memory', 'memory-swap', 'cpus', 'cpu-weight', 'pids-limit', 'io-weight'] as const;

function isBuiltIn(name: string): boolean {
  return (BUILT_IN_PROFILES as readonly string[]).includes(name);
}

/** Gives what `read` makes of a value under the setting's name, and nothing where there is no value. */
function given<Name extends string, T>(name: Name, value: unknown, read: (value: unknown) => T): { [K in Name]?: T } {
  if (value === undefined) return {};
  return { [name]: read(value) } as { [K in Name]?: T };
}

function capabilities(source: Source, value: unknown, at: KeyPath): readonly Capability[] {
  return list(source, value ?? [], at, '["NET_RAW"]').flatMap((each): readonly Capability[] => {
    const name = string(source, each, at).toUpperCase();
    if (name === 'ALL') return CAPABILITIES;
    const wanted = name.startsWith('CAP_') ? name : `CAP_${name}`;
    const found = CAPABILITIES.find((capability) => capability === wanted);
    if (found !== undefined) return [found];
    const nearest = didYouMean(wanted, CAPABILITIES);
    throw source.fail(at, `${JSON.stringify(each)} is no capability`, nearest && `did you mean ${nearest.slice(4)}?`);
  });
}

function ports(source: Source, value: unknown, at: KeyPath): readonly number[] {
  const each = (port: unknown) => number(source, port, at, { least: 1, most: 65_535 });
  return list(source, value, at, '[80, 443]').map(each);
}

function seccomp(source: Source, value: unknown, at: KeyPath): NonNullable<ProfileSettings['seccomp']> {
  const text = string(source, value, at);
  if (text === 'dev' || text === 'strict') return { kind: 'list', name: text };
  if (text === 'unconfined') return { kind: 'unconfined' };
  if (text.startsWith('/') || text.startsWith('~/')) return { kind: 'file', path: text };
  throw source.fail(at, 'expected dev, strict, unconfined, or the absolute path of a profile in docker’s format');
}

function environment(source: Source, value: unknown, at: KeyPath): readonly string[] {
  return list(source, value ?? [], at, '["CI", "LC_*"]').map((each) => {
    const text = string(source, each, at);
    if (text === '' || text.startsWith('=') || text.includes('\0')) {
      throw source.fail(at, 'expected NAME, NAME* or NAME=VALUE');
    }
    return text;
  });
}

const WEIGHT = { least: 1, most: 10_000 };

function limits(source: Source, value: unknown, at: KeyPath): ProfileLimits {
  const read = members(source, value ?? {}, at, LIMITS);
  const within = (name: (typeof LIMITS)[number], range: Parameters<typeof number>[3]) => (each: unknown) =>
    number(source, each, [...at, name], range);
  const size = (name: (typeof LIMITS)[number]) => (each: unknown) => byteSize(source, each, [...at, name]);
  return {
    ...given('memory', read.memory, size('memory')),
    ...given('memorySwap', read['memory-swap'], (each) => (each === -1 ? -1 : size('memory-swap')(each))),
    ...given('cpus', read.cpus, within('cpus', { least: 0.01, most: 8192, whole: false })),
    ...given('cpuWeight', read['cpu-weight'], within('cpu-weight', WEIGHT)),
    ...given('pids', read['pids-limit'], within('pids-limit', { least: 1, most: 4_194_304 })),
    ...given('ioWeight', read['io-weight'], within('io-weight', WEIGHT)),
  };
}

function profile(source: Source, name: string, value: unknown): ProfileSettings {
  const at = ['profiles', name];
  if (!/^[a-z][a-z0-9_-]{0,31}$/.test(name)) {
    throw source.fail(at, 'a profile is called by small letters, digits, - and _, a letter first');
  }
  const read = members(source, value, at, KEYS);
  const one =
    <const Word extends string>(key: string, words: readonly Word[]) =>
    (each: unknown) =>
      choice(source, each, [...at, key], words);
  const allowed = (key: string) => (each: unknown) => (flag(source, each, [...at, key]) ? 'allowed' : 'refused');
  const parts = SESSION_PARTS.filter((part) => read[part] !== undefined);
  return {
    parent: read.extends === undefined ? defaultParent(name) : string(source, read.extends, [...at, 'extends']),
    ...given('network', read.network, one('network', ['none', 'host'])),
    ...given('workspace', read.workspace, one('workspace', ['rw', 'ro', 'cow', 'none'])),
    ...given('session', read.session, one('session', ['shared', 'own'])),
    ...given('landlock', read.landlock, (each) => flag(source, each, [...at, 'landlock'])),
    ...given('seccomp', read.seccomp, (each) => seccomp(source, each, [...at, 'seccomp'])),
    ...given('foreignCalls', read['32bit'], allowed('32bit')),
    ...given('userNamespaces', read['user-namespaces'], allowed('user-namespaces')),
    capAdd: capabilities(source, read['cap-add'], [...at, 'cap-add']),
    capDrop: capabilities(source, read['cap-drop'], [...at, 'cap-drop']),
    ...given('connectTcp', read['connect-tcp'], (each) => ports(source, each, [...at, 'connect-tcp'])),
    ...given('bindTcp', read['bind-tcp'], (each) => ports(source, each, [...at, 'bind-tcp'])),
    env: environment(source, read.env, [...at, 'env']),
    limits: limits(source, read.limits, [...at, 'limits']),
    parts: new Map(parts.map((part) => [part, flag(source, read[part], [...at, part])])),
  };
}

/** A built-in profile is changed by a table of its name. */
function defaultParent(name: string): string {
  return isBuiltIn(name) ? name : 'dev';
}

/** Reads `[profiles.NAME]`. Every profile that is extended exists, and none extends itself by way of others. */
export function profiles(source: Source, value: unknown): ReadonlyMap<string, ProfileSettings> {
  const read = table(source, value, ['profiles']);
  const found = new Map(Object.entries(read).map(([name, settings]) => [name, profile(source, name, settings)]));
  for (const [name, { parent }] of found) {
    expectProfile(source, found, parent, ['profiles', name, 'extends']);
    expectNoCycle(source, found, name);
  }
  return found;
}

function expectProfile(source: Source, known: ReadonlyMap<string, unknown>, name: string, at: KeyPath): void {
  if (known.has(name) || isBuiltIn(name)) return;
  const names = [...new Set([...BUILT_IN_PROFILES, ...known.keys()])];
  const nearest = didYouMean(name, names);
  const hint = nearest === undefined ? `there are: ${names.join(', ')}` : `did you mean ${nearest}?`;
  throw source.fail(at, `there is no profile ${JSON.stringify(name)}`, hint);
}

function expectNoCycle(source: Source, known: ReadonlyMap<string, ProfileSettings>, first: string): void {
  const way = [first];
  for (let name = first; ; ) {
    const parent = known.get(name)?.parent;
    // A profile's own name as its parent's is the built-in one.
    if (parent === undefined || (parent === name && isBuiltIn(name))) return;
    const isRound = way.includes(parent);
    way.push(parent);
    if (isRound) throw source.fail(['profiles', first, 'extends'], `goes round in a circle: ${way.join(' > ')}`);
    name = parent;
  }
}

/** Reads `[projects."/a/directory"]`. */
export function projects(
  source: Source,
  value: unknown,
  known: ReadonlyMap<string, ProfileSettings>,
): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(table(source, value, ['projects'])).map(([unsafePath, settings]) => {
      const at = ['projects', unsafePath];
      if (!/^(?:~$|~\/|\/)/.test(unsafePath) || /(?:^|\/)\.{1,2}(?:\/|$)/.test(unsafePath)) {
        throw source.fail(at, 'expected the path of a directory, absolute or from ~/ on');
      }
      const { profile: name } = members(source, settings, at, ['profile']);
      if (name === undefined) throw source.fail(at, 'expected profile = "NAME"');
      const wanted = string(source, name, [...at, 'profile']);
      expectProfile(source, known, wanted, [...at, 'profile']);
      return [unsafePath.replace(/(?<=.)\/+$/, ''), wanted] as const;
    }),
  );
}
