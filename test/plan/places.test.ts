import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planSandbox } from '../../src/plan/plan.ts';
import type { Spec } from '../../src/plan/spec.ts';
import { all, directoryInput, hostInput } from './inputs.ts';

const devices = [{ source: '/dev/kvm', destination: '/dev/virtual/kvm' }];
const secrets = [{ name: 'token', content: 'x' }];

test('devices are the host’s nodes, which may be opened, with a place of their own', () => {
  const plan = planSandbox(hostInput({ spec: { devices } }));
  const at = plan.findIndex((each) => each.op === 'bind' && each.target === '/dev/virtual/kvm');
  assert.deepEqual(plan.slice(at - 2, at + 1), [
    { op: 'makeDirectory', path: '/dev/virtual', mode: 0o755 },
    { op: 'makeFile', path: '/dev/virtual/kvm' },
    {
      op: 'bind',
      source: '/dev/kvm',
      target: '/dev/virtual/kvm',
      recursive: false,
      attributes: { noSuid: true, noExec: true },
      optional: false,
    },
  ]);
  const fresh = plan.findIndex((each) => each.op === 'memory' && each.target === '/dev');
  assert.ok(fresh !== -1 && fresh < at, 'after /dev itself');
});

test('secrets are written before their directory is made read-only, and before anything of the user’s is mounted', () => {
  const volumes = [{ source: '/srv/data', destination: '/data', access: 'rw' as const }];
  const plan = planSandbox(hostInput({ spec: { secrets, volumes } }));
  const place = (found: (each: (typeof plan)[number]) => boolean): number => {
    const at = plan.findIndex(found);
    assert.notEqual(at, -1);
    return at;
  };
  const order = [
    place((each) => each.op === 'memory' && each.target === '/run'),
    place((each) => each.op === 'memory' && each.target === '/run/secrets'),
    place((each) => each.op === 'writeFile' && each.path === '/run/secrets/token'),
    place((each) => each.op === 'readOnlyPath' && each.path === '/run/secrets'),
    place((each) => each.op === 'bind' && each.target === '/data'),
    place((each) => each.op === 'pivotRoot'),
  ];
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  );
});

test('an account of an image owns its secrets', () => {
  const user = { uid: 33, gid: 34, isAccount: true } as const;
  const plan = planSandbox(directoryInput({ spec: { secrets }, user }));
  const file = all(plan, 'writeFile').find(({ path }) => path === '/run/secrets/token');
  assert.deepEqual([file?.mode, file?.owner], [0o400, { uid: 33, gid: 34 }]);
});

test('without secrets and devices nothing is there for them', () => {
  const plan = JSON.stringify(planSandbox(hostInput({})));
  assert.ok(!plan.includes('/run/secrets') && !plan.includes('/dev/virtual'));
});

test("a project's shims are read-only wherever the workspace could be written, and mounted once", () => {
  const path = '/home/ann/project/.sandbox';
  const shims = (spec: Partial<Spec>) =>
    planSandbox(hostInput({ spec })).filter((each) => each.op === 'bind' && each.target === path);
  const bind = {
    op: 'bind',
    source: path,
    target: path,
    recursive: true,
    attributes: { noSuid: true, noDev: true, readOnly: true },
    noLinks: true,
  };
  assert.deepEqual(shims({}), [{ ...bind, optional: true }]);
  assert.deepEqual(shims({ workspace: { kind: 'ro', path: '/home/ann/project' } }), []);
  const volumes = [{ source: path, destination: path, access: 'ro' as const, noLinks: true }];
  assert.deepEqual(shims({ volumes }), [{ ...bind, optional: false }]);
});
