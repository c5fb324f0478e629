/** Which filter a plan gets, from what the user wants. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { syscallNumber } from '../../../src/linux/syscall-numbers.ts';
import { planSandbox } from '../../../src/plan/plan.ts';
import { PROFILES } from '../../../src/plan/profiles.ts';
import type { Spec } from '../../../src/plan/spec.ts';
import { verdict } from '../bpf.ts';
import { directoryInput, hostInput, only, SINGLE_ID } from '../inputs.ts';

const { dev, strict } = PROFILES;
const AUDIT = { native: 0xc000003e, i386: 0x40000003 } as const;
const ALLOW = 0x7fff0000;
const EPERM = 0x00050001;
const ENOSYS = 0x00050026;

function ask(spec: Partial<Spec>, name: string, input = hostInput): number {
  const { filter } = only(planSandbox(input({ spec })), 'seccomp');
  const number = syscallNumber('x86_64', name);
  return verdict(filter, { number, arch: AUDIT.native, arguments: [0n, 0n, 0n, 0n, 0n, 0n] });
}

describe('the filter of a plan', () => {
  test('is that of the profile, and says so', () => {
    const purpose = (security: Spec['security']) =>
      only(planSandbox(hostInput({ spec: { security } })), 'seccomp').purpose;
    assert.match(purpose(dev), /the calls of 'dev', no keyrings/);
    assert.match(purpose(strict), /the calls of 'strict', no keyrings, no 32-bit programs/);
    assert.match(purpose({ ...dev, seccomp: { kind: 'unconfined' } }), /^all calls, no keyrings/);
    const profile = { otherwise: { kind: 'allow' }, rules: [] } as const;
    const file = { kind: 'profile', path: '/home/ann/p.json', profile } as const;
    assert.match(purpose({ ...dev, seccomp: file }), /the calls of \/home\/ann\/p\.json, no keyrings/);
  });

  test('lets through what the profile lets through', () => {
    assert.equal(ask({ security: dev }, 'mount'), ALLOW);
    assert.equal(ask({ security: strict }, 'mount'), EPERM);
    assert.equal(ask({ security: dev }, 'bpf'), EPERM);
    assert.equal(ask({ security: { ...dev, seccomp: { kind: 'unconfined' } } }, 'bpf'), ALLOW);
    assert.equal(ask({ security: { ...dev, seccomp: { kind: 'unconfined' } } }, 'keyctl'), ENOSYS);
  });

  test('depends on the capabilities that the command has', () => {
    const grown = { ...dev, capabilities: { add: ['CAP_SYS_ADMIN'], drop: [] } } as const;
    assert.equal(ask({ security: grown }, 'bpf', directoryInput), ALLOW);
    assert.equal(ask({ security: dev }, 'bpf', directoryInput), EPERM);
    assert.equal(ask({ security: { ...grown, seccomp: strict.seccomp } }, 'bpf', directoryInput), EPERM);
  });

  test('allows chroot where a user namespace gives the capability for it, unless that is dropped', () => {
    assert.equal(ask({ security: dev }, 'chroot'), ALLOW);
    const dropped = { ...dev, capabilities: { add: [], drop: ['CAP_SYS_CHROOT'] } } as const;
    assert.equal(ask({ security: dropped }, 'chroot'), EPERM);
    assert.equal(ask({ security: { ...dev, userNamespaces: 'refused' } }, 'chroot'), EPERM);
    assert.equal(ask({ security: strict }, 'chroot'), EPERM);
  });

  test('keeps the pretence of root with one id, also in strict', () => {
    const plan = planSandbox(directoryInput({ spec: { security: strict }, facts: { ids: SINGLE_ID } }));
    const { filter } = only(plan, 'seccomp');
    const number = syscallNumber('x86_64', 'chown');
    assert.equal(verdict(filter, { number, arch: AUDIT.native, arguments: [0n, 0n, 0n, 0n, 0n, 0n] }), 0x00050000);
  });

  test('has no calls for programs of 32 bits where they are refused', () => {
    const answer = (security: Spec['security']) => {
      const { filter } = only(planSandbox(hostInput({ spec: { security } })), 'seccomp');
      return verdict(filter, { number: 20, arch: AUDIT.i386, arguments: [0n, 0n, 0n, 0n, 0n, 0n] });
    };
    assert.equal(answer(dev), ALLOW);
    assert.equal(answer(strict), ENOSYS);
    assert.equal(answer({ ...strict, foreignCalls: 'allowed' }), ALLOW);
  });
});
