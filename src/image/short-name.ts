import { canonicalRegistry, DEFAULT_REGISTRY, looksLikeRegistry } from '../config/registry-name.ts';

/** The namespace of the default registry that may be left out. */
const OFFICIAL = 'library/';

/** Names without a registry, tag and digest, and the `REGISTRY/REPOSITORY` that each stands for. */
export type Aliases = ReadonlyMap<string, string>;

/**
 * Takes a name without tag and digest and gives the registry and the repository, unchecked. The rule is that of
 * `splitDockerDomain` in distribution/reference; an alias is looked for only where no registry is named.
 */
export function splitName(
  unsafeName: string,
  aliases: Aliases = new Map(),
): { readonly registry: string; readonly repository: string } {
  const slash = unsafeName.indexOf('/');
  const first = slash === -1 ? '' : unsafeName.slice(0, slash);
  const named = looksLikeRegistry(first);
  if (!named) {
    const alias = aliases.get(unsafeName);
    if (alias !== undefined) return splitName(alias);
  }
  const registry = named ? canonicalRegistry(first) : DEFAULT_REGISTRY;
  const rest = named ? unsafeName.slice(slash + 1) : unsafeName;
  const official = registry === DEFAULT_REGISTRY && !rest.includes('/');
  return { registry, repository: official ? OFFICIAL + rest : rest };
}

/** The opposite: the shortest name that leads to the repository where there are no aliases. */
export function shortName(registry: string, repository: string): string {
  if (registry !== DEFAULT_REGISTRY) return `${registry}/${repository}`;
  const bare = repository.startsWith(OFFICIAL) ? repository.slice(OFFICIAL.length) : repository;
  for (const candidate of [bare, repository]) {
    const split = splitName(candidate);
    if (split.registry === registry && split.repository === repository) return candidate;
  }
  return `${registry}/${repository}`;
}
