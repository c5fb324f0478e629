import type { DraftCommand, DraftStep, DraftVariable, Findings } from './findings.ts';

/** A sandbox.toml that is to be written. */
export interface Draft {
  readonly name: string;
  /** Files that told what is in it. */
  readonly files: readonly string[];
  readonly image: string;
  /** Why not Debian itself. */
  readonly imageReason: string | undefined;
  readonly packages: readonly string[];
  /** Whether the names of packages are those of the image: they are Debian's. */
  readonly isDebian: boolean;
  readonly caches: readonly string[];
  readonly shims: readonly string[];
  readonly steps: readonly DraftStep[];
  readonly variables: readonly DraftVariable[];
  readonly commands: readonly DraftCommand[];
}

const DEFAULT_IMAGE = 'debian:bookworm';
/** Images made from Debian or Ubuntu, unless their tag says otherwise. */
const DEBIAN_BASED =
  /^(?:debian|ubuntu|node|python|golang|rust|gcc|eclipse-temurin|maven|gradle|buildpack-deps|openjdk|ruby|php|postgres)$/;

/** Gives the image that fits what was found, and why it is another than Debian's. */
export function suggestedImage(findings: readonly Findings[]): { readonly name: string; readonly reason?: string } {
  return findings.find(({ image }) => image !== undefined)?.image ?? { name: DEFAULT_IMAGE };
}

/** Puts together what was found; `name` is the directory's. */
export function draftOf(name: string, findings: readonly Findings[], image: string): Draft {
  const [repository = '', tag = ''] = (image.split('/').at(-1) ?? '').split(/[:@]/);
  const isDebian = DEBIAN_BASED.test(repository) && !/alpine/.test(tag);
  const needed = findings.flatMap(({ language, packages, more }) =>
    language === repository ? more : [...packages, ...more],
  );
  const suggested = suggestedImage(findings);
  const all = <Item>(of: (each: Findings) => readonly Item[]): Item[] => [...new Set(findings.flatMap(of))];
  const packages = [...new Set(needed)].sort();
  const cached = all(({ caches }) => caches);
  return {
    name,
    files: all(({ files }) => files),
    image,
    imageReason: suggested.name === image ? suggested.reason : undefined,
    packages,
    isDebian,
    caches: packages.length > 0 && isDebian ? ['apt', ...cached] : cached,
    shims: all(({ shims }) => shims),
    steps: byName(findings.flatMap(({ steps }) => steps)),
    variables: byName(findings.flatMap(({ variables }) => variables)),
    commands: byName(findings.flatMap(({ commands }) => commands)),
  };
}

/** Two ecosystems may both have a command `test`: the first one's counts. */
function byName<Item extends { readonly name: string }>(items: readonly Item[]): Item[] {
  return items.filter((item, index) => items.findIndex(({ name }) => name === item.name) === index);
}
