import type { Mirror, RegistrySettings } from './config.ts';
import { canonicalRegistry, isRegistryName, isRepositoryName, looksLikeRegistry } from './registry-name.ts';
import { flag, type KeyPath, members, type Source, string, table } from './source.ts';

function registryName(source: Source, unsafeName: string, at: KeyPath): string {
  const name = canonicalRegistry(unsafeName);
  if (isRegistryName(name)) return name;
  const isUrl = unsafeName.includes('://');
  const hint = isUrl ? 'leave out what stands before the name; http is for `insecure = true`' : undefined;
  throw source.fail(at, `${JSON.stringify(unsafeName)} is no registry: expected HOST or HOST:PORT`, hint);
}

function mirror(source: Source, value: unknown, at: KeyPath): Mirror {
  const unsafeText = string(source, value, at);
  const [unsafeHost = '', ...rest] = unsafeText.replace(/\/$/, '').split('/');
  const prefix = rest.join('/');
  if (!unsafeText.includes('://') && (prefix === '' || isRepositoryName(prefix))) {
    return { registry: registryName(source, unsafeHost, at), prefix: prefix === '' ? '' : `${prefix}/` };
  }
  const hint = unsafeText.includes('://') ? 'leave out what stands before the name' : undefined;
  throw source.fail(at, `${JSON.stringify(unsafeText)} is no mirror: expected HOST, HOST:PORT or HOST/PREFIX`, hint);
}

function registry(source: Source, value: unknown, at: KeyPath): RegistrySettings {
  const { mirrors, insecure, certificates } = members(source, value, at, ['mirrors', 'insecure', 'certificates']);
  if (mirrors !== undefined && !Array.isArray(mirrors)) {
    throw source.fail([...at, 'mirrors'], 'expected a list: ["mirror.example.org"]');
  }
  const path = certificates === undefined ? undefined : string(source, certificates, [...at, 'certificates']);
  if (path !== undefined && !path.startsWith('/')) {
    throw source.fail([...at, 'certificates'], 'expected the absolute path of a file with certificates');
  }
  return {
    mirrors: (mirrors ?? []).map((each: unknown) => mirror(source, each, [...at, 'mirrors'])),
    insecure: insecure === undefined ? false : flag(source, insecure, [...at, 'insecure']),
    ...(path === undefined ? {} : { certificates: path }),
  };
}

/** Reads `[registries."HOST"]`. */
export function registries(source: Source, value: unknown): ReadonlyMap<string, RegistrySettings> {
  return new Map(
    Object.entries(table(source, value, ['registries'])).map(([name, settings]) => {
      const at = ['registries', name];
      return [registryName(source, name, at), registry(source, settings, at)];
    }),
  );
}

function alias(source: Source, unsafeName: string, value: unknown): readonly [string, string] {
  const at = ['aliases', unsafeName];
  const first = unsafeName.split('/')[0] ?? '';
  if (!isRepositoryName(unsafeName) || (unsafeName.includes('/') && looksLikeRegistry(first))) {
    throw source.fail(at, `${JSON.stringify(unsafeName)} is no short name: expected NAME without registry and tag`);
  }
  const unsafeTarget = string(source, value, at);
  const slash = unsafeTarget.indexOf('/');
  const host = unsafeTarget.slice(0, Math.max(slash, 0)).toLowerCase();
  const repository = unsafeTarget.slice(slash + 1);
  if (!looksLikeRegistry(host) || !isRegistryName(host) || !isRepositoryName(repository)) {
    throw source.fail(
      at,
      `${JSON.stringify(unsafeTarget)} is not REGISTRY/NAME`,
      'the tag is given where the alias is used',
    );
  }
  return [unsafeName, `${canonicalRegistry(host)}/${repository}`];
}

/** Reads `[aliases]`. */
export function aliases(source: Source, value: unknown): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(table(source, value, ['aliases'])).map(([name, target]) => alias(source, name, target)),
  );
}
