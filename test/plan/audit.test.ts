import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { AUDIT_ARCH, SECCOMP_RET } from '../../src/linux/constants/seccomp.ts';
import { POINTED_AT } from '../../src/linux/pointed-at.ts';
import { syscallNumber, syscallTable } from '../../src/linux/syscall-numbers.ts';
import { auditedFilter, withAudit } from '../../src/plan/audit.ts';
import { PROFILES } from '../../src/plan/profiles.ts';
import { systemCallFilter } from '../../src/plan/seccomp/filter.ts';
import { failsWith } from '../../src/plan/seccomp/verdict.ts';
import { verdict } from './bpf.ts';

const { SECCOMP_RET_USER_NOTIF: ASK, SECCOMP_RET_ALLOW: ALLOW } = SECCOMP_RET;

for (const arch of ['x86_64', 'aarch64'] as const) {
  const filter = systemCallFilter(arch, {
    choice: { kind: 'list', name: 'strict' },
    foreignCalls: 'refused',
    capabilities: [],
    guardTerminal: true,
    emulateRoot: true,
  });
  const seccomp = syscallNumber(arch, 'seccomp');
  const calls = fc.record({
    number: fc.oneof(fc.constantFrom(...syscallTable(arch).values()), fc.nat(2 ** 31 - 1)),
    arch: fc.constantFrom(AUDIT_ARCH[arch], AUDIT_ARCH[arch], AUDIT_ARCH.i386, AUDIT_ARCH.arm),
    arguments: fc.array(fc.oneof(fc.bigInt(0n, 64n), fc.bigInt(0n, (1n << 64n) - 1n)), { minLength: 6, maxLength: 6 }),
  });
  const audited = {
    refused: auditedFilter(filter, 'refused', arch),
    everything: auditedFilter(filter, 'everything', arch),
    learn: auditedFilter(filter, 'learn', arch),
  };

  describe(`a filter under audit, ${arch}`, () => {
    test('asks where the filter lets a call fail, and nothing that it refuses is allowed', () => {
      fc.assert(
        fc.property(calls, (call) => {
          if (call.number === seccomp) return;
          const before = verdict(filter, call);
          const fails = (failsWith(before) ?? 0) !== 0;
          assert.equal(verdict(audited.refused, call), fails ? ASK : before);
          assert.equal(verdict(audited.learn, call), ASK);
          const everything = verdict(audited.everything, call);
          assert.ok(everything === ASK || everything === before);
          if (fails) assert.equal(everything, ASK);
        }),
        { numRuns: 2000 },
      );
    });

    test('asks where a file or an address is asked for, and nowhere else', () => {
      for (const [name, number] of syscallTable(arch)) {
        const call = { number, arch: AUDIT_ARCH[arch], arguments: [0n, 0n, 0n, 0n, 0n, 0n] };
        if (verdict(filter, call) !== ALLOW) continue;
        const watched = POINTED_AT[name]?.interest === 'always';
        assert.equal(verdict(audited.everything, call), watched ? ASK : ALLOW, name);
      }
    });

    test('refuses a second listener itself, and nothing else of seccomp(2)', () => {
      const call = (flags: bigint) => ({
        number: seccomp,
        arch: AUDIT_ARCH[arch],
        arguments: [1n, flags, 0n, 0n, 0n, 0n],
      });
      for (const each of Object.values(audited)) {
        assert.equal(failsWith(verdict(each, call(8n))), 16);
        assert.equal(failsWith(verdict(each, call(9n))), 16);
        assert.equal(failsWith(verdict(each, call(1n))), undefined);
      }
    });
  });
}

describe('a plan under audit', () => {
  const filter = [[6, 0, 0, ALLOW]] as const;
  const operations = [{ op: 'noNewPrivileges' }, { op: 'seccomp', purpose: 'p', filter }] as const;

  test('starts the auditor before anything is given up, and hands it the filter', () => {
    const spec = { audit: 'refused', security: PROFILES.strict } as Parameters<typeof withAudit>[1];
    assert.deepEqual(
      withAudit(operations, spec, 'x86_64').map(({ op }) => op),
      ['startAuditor', 'noNewPrivileges', 'audit'],
    );
  });

  test('is the plan itself where none was asked for', () => {
    const spec = { security: PROFILES.strict } as Parameters<typeof withAudit>[1];
    assert.deepEqual(withAudit(operations, spec, 'x86_64'), operations);
  });

  test('learns the arguments of calls that depend on them', () => {
    const spec = { audit: 'learn', security: PROFILES.strict } as Parameters<typeof withAudit>[1];
    const audit = withAudit(operations, spec, 'x86_64').at(-1);
    assert.equal(audit?.op, 'audit');
    const learns = audit?.op === 'audit' ? audit.learns : [];
    const of = (name: string) => learns.find(({ number }) => number === syscallNumber('x86_64', name))?.arguments;
    assert.deepEqual(of('socket'), [0, 1, 2]);
    assert.deepEqual(of('clone'), [0]);
    assert.equal(of('read'), undefined);
  });
});
