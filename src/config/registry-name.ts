/*
 * The grammar of names in github.com/distribution/reference (regexp.go), which docker and podman follow.
 */

const LABEL = '[a-z0-9](?:[a-z0-9-]*[a-z0-9])?';
const REGISTRY = new RegExp(`^(?:${LABEL}(?:\\.${LABEL})*|\\[[a-f0-9:]+\\])(?::([0-9]{1,5}))?$`);
const COMPONENT = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const REPOSITORY = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const MOST_CHARACTERS = 255;

/** Where a name without a registry leads, as docker and podman have it. */
export const DEFAULT_REGISTRY = 'docker.io';
/** Names of the same registry that are found in configurations and credentials. */
const OTHER_NAMES_OF_DEFAULT: readonly string[] = [
  'index.docker.io',
  'registry-1.docker.io',
  'registry.hub.docker.com',
];

/** Gives one name for registries that have several. */
export function canonicalRegistry(registry: string): string {
  const name = registry.toLowerCase();
  return OTHER_NAMES_OF_DEFAULT.includes(name) ? DEFAULT_REGISTRY : name;
}

/** Whether the text is a registry's name: `docker.io`, `localhost:5000`, `[::1]:5000`; in lower case. */
export function isRegistryName(unsafeText: string): boolean {
  const match = unsafeText.length > MOST_CHARACTERS ? null : REGISTRY.exec(unsafeText);
  if (match === null) return false;
  const port = match[1];
  return port === undefined || (Number(port) >= 1 && Number(port) <= 65_535);
}

/** Whether the text is the path of a repository in a registry: `library/debian`. */
export function isRepositoryName(unsafeText: string): boolean {
  return unsafeText.length <= MOST_CHARACTERS && REPOSITORY.test(unsafeText);
}

/** Whether the part of a name before its first slash is a registry: it has a dot or a port, or is `localhost`. */
export function looksLikeRegistry(component: string): boolean {
  return /[.:]/.test(component) || component.toLowerCase() === 'localhost';
}
