import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { planSandbox } from '../../src/plan/plan.ts';
import { PROFILES } from '../../src/plan/profiles.ts';
import { all, directoryInput, hostInput, only, position } from './inputs.ts';

const { dev, strict } = PROFILES;

describe('the profile strict', () => {
  const plan = planSandbox(hostInput({ spec: { security: strict } }));

  test('holds the command in a session of its own, by Landlock, without user namespaces, and dev does not', () => {
    const loose = planSandbox(hostInput({ spec: { security: dev } }));
    for (const name of ['newSession', 'landlock', 'forbidUserNamespaces', 'lockSecureBits'] as const) {
      only(plan, name);
      assert.equal(position(loose, name), -1, name);
    }
  });

  test('restricts the command in the order in which one step does not forbid the next', () => {
    const order = ['noNewPrivileges', 'landlock', 'seccomp', 'dropCapabilities', 'execute'] as const;
    const places = order.map((name) => position(plan, name));
    assert.deepEqual(
      places,
      places.toSorted((a, b) => a - b),
    );
  });

  test('forbids user namespaces while /proc/sys can still be written', () => {
    const readOnly = plan.findIndex((operation) => operation.op === 'readOnlyPath' && operation.path === '/proc/sys');
    assert.ok(position(plan, 'proc') < position(plan, 'forbidUserNamespaces'));
    assert.ok(position(plan, 'forbidUserNamespaces') < readOnly);
  });

  test('leaves root inside those capabilities that installing software takes', () => {
    const { keep } = all(planSandbox(directoryInput({ spec: { security: strict } })), 'dropCapabilities').at(-1) ?? {};
    assert.deepEqual(
      [...(keep ?? [])].sort(),
      ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID'].map((name) => `CAP_${name}`),
    );
  });

  test('with a terminal of its own begins its session there', () => {
    const own = planSandbox(hostInput({ spec: { security: strict, terminal: 'own' } }));
    only(own, 'takeTerminal');
    assert.equal(position(own, 'newSession'), -1);
  });
});

test('limits and the time limit are arranged before the namespaces, resources before the privileges are gone', () => {
  const resourceLimits = [{ name: 'NOFILE', soft: 64, hard: 64 }];
  const spec = { limits: { enforcement: 'required' as const, pids: 10 }, timeout: 3, resourceLimits };
  const plan = planSandbox(hostInput({ spec }));
  assert.ok(position(plan, 'enterControlGroup') < position(plan, 'createNamespaces'));
  assert.ok(position(plan, 'timeLimit') < position(plan, 'createNamespaces'));
  assert.deepEqual(only(plan, 'resourceLimits').limits, resourceLimits);
  assert.ok(position(plan, 'resourceLimits') < position(plan, 'dropCapabilities'));
});

test("secrets lie in memory, for the user's eyes only", () => {
  const plan = planSandbox(hostInput({ spec: { secrets: [{ name: 'token', content: 'x' }] } }));
  const file = all(plan, 'writeFile').find(({ path }) => path === '/run/secrets/token');
  assert.equal(file?.mode, 0o400);
  assert.ok(all(plan, 'memory').some(({ target }) => target === '/run/secrets'));
});
