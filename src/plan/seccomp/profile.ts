/**
 * Which system calls a command may make, as docker's and podman's JSON profiles say it (containers-common, seccomp.json;
 * OCI config-linux.md, "Seccomp"): names, and conditions on arguments, for any architecture and set of capabilities.
 */
export interface SeccompProfile {
  /** For calls that no rule names. */
  readonly otherwise: SeccompAction;
  /** The first rule without conditions that names a call decides it; before that, the first whose conditions hold. */
  readonly rules: readonly SeccompRule[];
  /**
   * Machines that have the calls, as libseccomp names them (`SCMP_ARCH_X86`), where the host's own is not meant.
   * Undefined: all of the host's.
   */
  readonly architectures?: readonly string[];
}

export type SeccompAction =
  | { readonly kind: 'allow' }
  /** Allowed, and told to the kernel's log. */
  | { readonly kind: 'log' }
  /** Fails with this errno; 0: succeeds without effect. */
  | { readonly kind: 'fail'; readonly errno: number }
  /** Not made; the process gets SIGSYS. */
  | { readonly kind: 'trap' }
  /** Ends the process, or the thread (SIGSYS). */
  | { readonly kind: 'kill' | 'killThread' };

export interface SeccompRule {
  readonly names: readonly string[];
  readonly action: SeccompAction;
  /** All of them have to hold. */
  readonly conditions: readonly SeccompCondition[];
  readonly includes: SeccompScope;
  readonly excludes: SeccompScope;
}

/** Where a rule counts; what is undefined or empty says nothing. */
export interface SeccompScope {
  /** All of them (`includes`), or any (`excludes`). */
  readonly capabilities?: readonly string[];
  /** As docker names them: `amd64`, `arm64`, `x32`. */
  readonly architectures?: readonly string[];
  /** `4.8`. */
  readonly kernel?: string;
}

/** Compares an argument, 64 bits without sign; numbers above 2^53 are written in decimal. */
export interface SeccompCondition {
  readonly argument: number;
  readonly operator: 'equal' | 'notEqual' | 'less' | 'lessOrEqual' | 'greater' | 'greaterOrEqual' | 'maskedEqual';
  /** For `maskedEqual` the mask. */
  readonly value: number | string;
  /** For `maskedEqual` what is left of the argument. */
  readonly masked?: number | string;
}
