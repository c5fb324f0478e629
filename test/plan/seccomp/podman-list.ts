import { readFileSync } from 'node:fs';

/** Debian: golang-github-containers-common, which podman brings along. */
export const PODMAN_LIST = '/usr/share/containers/seccomp.json';

interface Rule {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: ReadonlyArray<{ readonly index: number; readonly value: number; readonly op: string }> | null;
  readonly includes?: Scope;
  readonly excludes?: Scope;
}
interface Scope {
  readonly caps?: readonly string[];
  readonly arches?: readonly string[];
}

const ALLOW = 0x7fff0000;
const ERRNO = 0x00050000;

/** What podman and libseccomp make of podman's list: not by the code under test. */
export class PodmanList {
  readonly #rules: readonly Rule[];
  readonly #default: number;

  constructor(text = readFileSync(PODMAN_LIST, 'utf8')) {
    const parsed = JSON.parse(text) as { defaultErrnoRet: number; syscalls: readonly Rule[] };
    this.#rules = parsed.syscalls;
    this.#default = ERRNO | parsed.defaultErrnoRet;
  }

  /** Names that a rule with conditions names, for a set of capabilities. */
  conditional(arch: 'amd64' | 'arm64', capabilities: readonly string[]): Set<string> {
    const rules = this.#rules.filter((rule) => applies(rule, arch, capabilities));
    return new Set(rules.filter(({ args }) => (args ?? []).length > 0).flatMap(({ names }) => names));
  }

  verdict(
    name: string | undefined,
    args: readonly bigint[],
    arch: 'amd64' | 'arm64',
    capabilities: readonly string[],
  ): number {
    const rules = this.#rules.filter(
      (rule) => name !== undefined && rule.names.includes(name) && applies(rule, arch, capabilities),
    );
    const whole = rules.find((rule) => (rule.args ?? []).length === 0);
    const fitting = rules.find((rule) => (rule.args ?? []).length > 0 && rule.args?.every((each) => holds(each, args)));
    const rule = whole ?? fitting;
    if (rule === undefined) return this.#default;
    return rule.action === 'SCMP_ACT_ALLOW' ? ALLOW : ERRNO | (rule.errnoRet ?? 1);
  }
}

function applies({ includes, excludes }: Rule, arch: string, capabilities: readonly string[]): boolean {
  if (excludes?.arches?.includes(arch) || excludes?.caps?.some((name) => capabilities.includes(name))) return false;
  if (includes?.arches && !includes.arches.includes(arch)) return false;
  return includes?.caps === undefined || includes.caps.every((name) => capabilities.includes(name));
}

function holds({ index, value, op }: { index: number; value: number; op: string }, args: readonly bigint[]): boolean {
  const equal = args[index] === BigInt(value);
  if (op === 'SCMP_CMP_EQ') return equal;
  if (op === 'SCMP_CMP_NE') return !equal;
  throw new Error(`the evaluator does not know ${op}`);
}
