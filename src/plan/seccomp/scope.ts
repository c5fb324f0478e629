import type { Arch } from '../../linux/arch.ts';
import { atLeast, type KernelVersion, parseKernelVersion } from '../../linux/kernel-version.ts';
import type { SeccompRule } from './profile.ts';

/** What rules depend on beside the call. */
export interface Surroundings {
  readonly arch: Arch;
  readonly capabilities: readonly string[];
  readonly kernel: KernelVersion;
}

/** Go's names, which docker's profiles use: github.com/containers/common, pkg/seccomp/conversion.go. */
const DOCKER_ARCH: Readonly<Record<Arch, string>> = { x86_64: 'amd64', aarch64: 'arm64' };

/**
 * Whether a rule counts, as podman sees it (github.com/containers/common, pkg/seccomp/seccomp_linux.go): architectures are
 * the machine's own also where the rule is for its programs of 32 bits.
 */
export function counts({ includes, excludes }: SeccompRule, { arch, capabilities, kernel }: Surroundings): boolean {
  const here = (architectures: readonly string[]): boolean => architectures.includes(DOCKER_ARCH[arch]);
  const has = (capability: string): boolean => capabilities.includes(capability);
  if (excludes.architectures && here(excludes.architectures)) return false;
  if (excludes.capabilities?.some(has)) return false;
  if (excludes.kernel !== undefined && isOrLater(kernel, excludes.kernel)) return false;
  if (includes.architectures && includes.architectures.length > 0 && !here(includes.architectures)) return false;
  if (includes.capabilities && !includes.capabilities.every(has)) return false;
  return includes.kernel === undefined || isOrLater(kernel, includes.kernel);
}

function isOrLater(kernel: KernelVersion, text: string): boolean {
  const wanted = parseKernelVersion(text);
  return wanted !== undefined && atLeast(kernel, wanted.major, wanted.minor);
}
