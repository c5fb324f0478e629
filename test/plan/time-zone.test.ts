import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planSandbox } from '../../src/plan/plan.ts';
import { directoryInput, hostInput } from './inputs.ts';

const facts = { localtime: '/usr/share/zoneinfo/Asia/Kolkata' };

test("another root file system is shown the host's time zone as a file, unless TZ says one", () => {
  const operations = planSandbox(directoryInput({ facts }));
  const bind = operations.find((each) => each.op === 'bind' && each.source === facts.localtime);
  assert.ok(bind?.op === 'bind' && bind.attributes.readOnly);
  const execute = operations.at(-1);
  assert.ok(execute?.op === 'execute');
  assert.deepEqual(execute.environment.at(-1), ['TZ', `:${bind.target}`]);

  const own = planSandbox(directoryInput({ facts, spec: { environment: [['TZ', 'UTC']] } })).at(-1);
  assert.deepEqual(own?.op === 'execute' && own.environment, [['TZ', 'UTC']]);
});

test('the host image has the time zone already', () => {
  const operations = planSandbox(hostInput({ facts }));
  assert.ok(!operations.some((each) => each.op === 'bind' && each.source === facts.localtime));
});
