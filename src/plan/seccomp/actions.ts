import type { SeccompAction, SeccompCondition, SeccompRule, SeccompScope } from './profile.ts';

/** Numbers of include/uapi/asm-generic/errno-base.h and errno.h. */
const [EPERM, EINVAL, ENOSYS] = [1, 22, 38];

export const ALLOW: SeccompAction = { kind: 'allow' };
/** For what is known and not wanted. */
export const REFUSE: SeccompAction = { kind: 'fail', errno: EPERM };
/** As if the kernel did not have the call: programs then go another way. */
export const MISSING: SeccompAction = { kind: 'fail', errno: ENOSYS };
export const INVALID: SeccompAction = { kind: 'fail', errno: EINVAL };
/** Succeeds without effect. */
export const PRETEND: SeccompAction = { kind: 'fail', errno: 0 };

/** A rule from names with spaces between them. */
export function rule(
  action: SeccompAction,
  names: string,
  conditions: readonly SeccompCondition[] = [],
  scope: { readonly includes?: SeccompScope; readonly excludes?: SeccompScope } = {},
): SeccompRule {
  return {
    names: names.trim().split(/\s+/),
    action,
    conditions,
    includes: scope.includes ?? {},
    excludes: scope.excludes ?? {},
  };
}

/** An argument that is an `int` or shorter: the kernel does not look at its upper word (CVE-2019-10063). */
export function int(argument: number, value: number, mask = 0xffff_ffff): SeccompCondition {
  return { argument, operator: 'maskedEqual', value: mask, masked: value };
}
