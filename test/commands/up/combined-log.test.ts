import assert from 'node:assert/strict';
import { test } from 'node:test';
import { combinedLog } from '../../../src/commands/up/combined-log.ts';

const names = ['web', 'database', 'x'];
const plain = { names, shown: names, prefix: true, colour: false };

test('prefixes are as wide as the longest that is shown', () => {
  const line = combinedLog(plain);
  assert.equal(line('web', 'hello'), 'web      | hello\n');
  assert.equal(line('database', ''), 'database | \n');
  assert.equal(combinedLog({ ...plain, shown: ['web', 'x'] })('x', 'y'), 'x   | y\n');
  assert.equal(combinedLog({ ...plain, prefix: false })('x', 'y'), 'y\n');
});

test('each service has a colour of its own, the same whichever are shown, and leaves none on', () => {
  const line = combinedLog({ ...plain, colour: true });
  assert.equal(line('web', 'a'), '\x1b[36mweb      |\x1b[0m a\n');
  assert.equal(line('x', 'a'), '\x1b[32mx        |\x1b[0m a\n');
  assert.equal(combinedLog({ ...plain, shown: ['x'], colour: true })('x', 'a'), '\x1b[32mx |\x1b[0m a\n');
  assert.equal(line('web', '\x1b[31mred'), '\x1b[36mweb      |\x1b[0m \x1b[31mred\x1b[0m\n');
  const many = Array.from({ length: 40 }, (_, index) => `s${index}`);
  const of40 = combinedLog({ names: many, shown: many, prefix: true, colour: true });
  for (const name of many) assert.ok(of40(name, 'a').startsWith(`\x1b[`));
});
