import { errnoNumber } from '../../linux/errno.ts';
import { elements, expected, integerOf, members, parseJson, stringOf, type UnsafeJson } from './json.ts';
import type { SeccompAction, SeccompCondition, SeccompProfile, SeccompRule, SeccompScope } from './profile.ts';

/** MAX_ERRNO: include/linux/err.h. */
const LARGEST_ERRNO = 4095n;
const LARGEST_WORD = (1n << 64n) - 1n;
const EPERM = 1;
const ENOSYS = 38;

const OPERATORS: Readonly<Record<string, SeccompCondition['operator']>> = {
  SCMP_CMP_NE: 'notEqual',
  SCMP_CMP_LT: 'less',
  SCMP_CMP_LE: 'lessOrEqual',
  SCMP_CMP_EQ: 'equal',
  SCMP_CMP_GE: 'greaterOrEqual',
  SCMP_CMP_GT: 'greater',
  SCMP_CMP_MASKED_EQ: 'maskedEqual',
};

/**
 * Reads a profile in the form of docker and podman (containers.conf(5), `seccomp_profile`; moby, profiles/seccomp; OCI
 * runtime-spec, config-linux.md, "Seccomp"). `path` is for messages.
 *
 * Throws a SeccompError that names the place in the file and what is expected there. Names of calls that no machine has
 * are passed over, as libseccomp does it: profiles are older and newer than kernels.
 */
export function parseSeccompProfile(text: string, path: string): SeccompProfile {
  const profile = members(parseJson(text, path), [
    'defaultAction',
    'defaultErrno',
    'defaultErrnoRet',
    'architectures',
    'archMap',
    'flags',
    'listenerPath',
    'listenerMetadata',
    'syscalls',
  ]);
  const { listenerPath, listenerMetadata } = profile;
  for (const listener of [listenerPath, listenerMetadata]) {
    if (listener.value !== undefined && listener.value !== '')
      throw expected(listener, 'nothing (there is no listener)');
  }
  for (const flag of elements(profile.flags)) stringOf(flag, /^SECCOMP_FILTER_FLAG_\w+$/, 'a flag of seccomp(2)');
  return {
    otherwise: parseAction(profile.defaultAction, profile.defaultErrno, profile.defaultErrnoRet),
    rules: elements(profile.syscalls).map(parseRule),
    architectures: parseArchitectures(profile.architectures, profile.archMap),
  };
}

/** Machines beside the host's own; with none of the two members there are none, as with podman. */
function parseArchitectures(list: UnsafeJson, map: UnsafeJson): string[] {
  if (list.value !== undefined && map.value !== undefined) throw expected(map, 'nothing beside "architectures"');
  const listed = elements(list).map(parseArchitecture);
  const mapped = elements(map).flatMap((entry) => {
    const { architecture, subArchitectures } = members(entry, ['architecture', 'subArchitectures']);
    parseArchitecture(architecture);
    return elements(subArchitectures).map(parseArchitecture);
  });
  return [...new Set([...listed, ...mapped])];
}

function parseArchitecture(json: UnsafeJson): string {
  return stringOf(json, /^SCMP_ARCH_[A-Z0-9_]+$/, 'an architecture of libseccomp, such as "SCMP_ARCH_X86_64"');
}

/** The number of an errno counts before its name, which only podman knows. */
function parseAction(action: UnsafeJson, name: UnsafeJson, number: UnsafeJson): SeccompAction {
  const errno = parseErrno(name, number);
  switch (action.value) {
    case 'SCMP_ACT_ALLOW':
      return { kind: 'allow' };
    case 'SCMP_ACT_LOG':
      return { kind: 'log' };
    case 'SCMP_ACT_ERRNO':
      return { kind: 'fail', errno: errno ?? EPERM };
    // Without a tracer the kernel gives ENOSYS: seccomp(2), "SECCOMP_RET_TRACE".
    case 'SCMP_ACT_TRACE':
      return { kind: 'fail', errno: ENOSYS };
    case 'SCMP_ACT_TRAP':
      return { kind: 'trap' };
    case 'SCMP_ACT_KILL_PROCESS':
      return { kind: 'kill' };
    case 'SCMP_ACT_KILL':
    case 'SCMP_ACT_KILL_THREAD':
      return { kind: 'killThread' };
    case 'SCMP_ACT_NOTIFY':
      throw expected(action, 'another action (there is no listener that could be notified)');
    default:
      throw expected(action, 'an action such as "SCMP_ACT_ERRNO"');
  }
}

function parseErrno(name: UnsafeJson, number: UnsafeJson): number | undefined {
  const named = name.value === undefined || name.value === '' ? undefined : stringOf(name, /^E\w+$/, 'an errno');
  const value = named === undefined ? undefined : errnoNumber(named);
  if (named !== undefined && value === undefined) throw expected(name, 'the name of an errno');
  return number.value === undefined ? value : Number(integerOf(number, LARGEST_ERRNO));
}

function parseRule(json: UnsafeJson): SeccompRule {
  const rule = members(json, [
    'name',
    'names',
    'action',
    'errno',
    'errnoRet',
    'args',
    'comment',
    'includes',
    'excludes',
  ]);
  const names = rule.name.value === undefined || rule.name.value === '' ? elements(rule.names) : [rule.name];
  if (rule.names.value !== undefined && names[0] === rule.name) throw expected(rule.name, 'nothing beside "names"');
  if (names.length === 0) throw expected(rule.names, 'a list of system calls');
  return {
    names: names.map((name) => stringOf(name, /^\w+$/, 'the name of a system call')),
    action: parseAction(rule.action, rule.errno, rule.errnoRet),
    conditions: elements(rule.args).map(parseCondition),
    includes: parseScope(rule.includes),
    excludes: parseScope(rule.excludes),
  };
}

function parseCondition(json: UnsafeJson): SeccompCondition {
  const { index, value, valueTwo, op } = members(json, ['index', 'value', 'valueTwo', 'op']);
  const operator = OPERATORS[stringOf(op, /^SCMP_CMP_\w+$/, 'a comparison such as "SCMP_CMP_EQ"')];
  if (operator === undefined) throw expected(op, `one of ${Object.keys(OPERATORS).join(', ')}`);
  const condition = { argument: Number(integerOf(index, 5n)), operator, value: integerOf(value, LARGEST_WORD) };
  if (operator !== 'maskedEqual') return condition;
  return { ...condition, masked: valueTwo.value === undefined ? 0 : integerOf(valueTwo, LARGEST_WORD) };
}

function parseScope(json: UnsafeJson): SeccompScope {
  if (json.value === undefined) return {};
  const { caps, arches, minKernel } = members(json, ['caps', 'arches', 'minKernel']);
  const capabilities = elements(caps).map((name) => stringOf(name, /^CAP_[A-Z0-9_]+$/, 'a capability'));
  const architectures = elements(arches).map((name) => stringOf(name, /^\w+$/, 'an architecture such as "amd64"'));
  return {
    ...(capabilities.length > 0 ? { capabilities } : {}),
    ...(architectures.length > 0 ? { architectures } : {}),
    ...(minKernel.value === undefined || minKernel.value === ''
      ? {}
      : { kernel: stringOf(minKernel, /^\d{1,4}\.\d{1,4}$/, 'a version such as "4.8"') }),
  };
}
