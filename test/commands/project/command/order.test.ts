import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { commandOf, inOrder } from '../../../../src/commands/project/command/order.ts';
import { watchedPatterns } from '../../../../src/commands/project/command/watch.ts';
import type { ProjectCommand } from '../../../../src/project/model.ts';

function projectOf(
  requires: Readonly<Record<string, readonly string[]>>,
  watch: Readonly<Record<string, string[]>> = {},
) {
  const command = (name: string): ProjectCommand => ({
    name,
    run: 'true',
    environment: 'default',
    variables: [],
    requires: requires[name] ?? [],
    services: [],
    each: [],
    watch: watch[name] ?? [],
  });
  return { commands: new Map(Object.keys(requires).map((name) => [name, command(name)])) };
}

const names = (requires: Readonly<Record<string, readonly string[]>>, name: string): string[] =>
  inOrder(projectOf(requires), name).map((each) => each.name);

describe('the order of commands', () => {
  it('has what is required before what requires it, as listed, and only that', () => {
    assert.deepEqual(names({ test: ['build', 'lint'], build: [], lint: [], other: [] }, 'test'), [
      'build',
      'lint',
      'test',
    ]);
    assert.deepEqual(names({ a: ['b'], b: ['c'], c: [] }, 'a'), ['c', 'b', 'a']);
    assert.deepEqual(names({ a: [] }, 'a'), ['a']);
  });

  it('has each once, whatever requires it', () => {
    assert.deepEqual(names({ a: ['b', 'c'], b: ['d'], c: ['d'], d: [] }, 'a'), ['d', 'b', 'c', 'a']);
  });

  it('ends where commands require each other, and names them', () => {
    assert.throws(() => names({ a: ['b'], b: ['c'], c: ['b'] }, 'a'), { code: 'CYCLE', message: /b → c → b/ });
    assert.throws(() => names({ a: ['a'] }, 'a'), { code: 'CYCLE', message: /a → a/ });
  });

  it('is refused for what is not there, with the nearest name', () => {
    const project = projectOf({ build: [], test: [] });
    assert.throws(() => commandOf(project, 'biuld'), { code: 'UNKNOWN', hint: 'did you mean build?' });
    assert.throws(() => commandOf(project, 'deploy-it'), { hint: 'it has build, test' });
    assert.throws(() => commandOf(projectOf({}), 'x'), { hint: /it has none/ });
    assert.throws(() => names({ a: ['missing'] }, 'a'), { code: 'UNKNOWN' });
  });

  it('is topological for any commands without a cycle', () => {
    const graph = fc.array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: 1, maxLength: 12 }).map((lists) =>
      // Only those before it: that has no cycle.
      Object.fromEntries(
        lists.map((list, index) => [`c${index}`, index === 0 ? [] : list.map((each) => `c${each % index}`)]),
      ),
    );
    fc.assert(
      fc.property(graph, (requires) => {
        const last = `c${Object.keys(requires).length - 1}`;
        const order = names(requires, last);
        assert.equal(new Set(order).size, order.length);
        assert.equal(order.at(-1), last);
        for (const [index, name] of order.entries()) {
          for (const required of requires[name] ?? [])
            assert(order.indexOf(required) < index && order.includes(required));
        }
      }),
    );
  });
});

describe('what --watch watches', () => {
  it('is what the command says, and those that it requires', () => {
    const project = projectOf({ test: ['build'], build: [] }, { test: ['test/**'], build: ['src/**', 'test/**'] });
    assert.deepEqual(watchedPatterns(project, 'test'), ['src/**', 'test/**']);
  });

  it('is refused where nothing is said', () => {
    assert.throws(() => watchedPatterns(projectOf({ test: [] }), 'test'), {
      code: 'USAGE',
      hint: /in \[command\.test\] of sandbox\.toml/,
    });
  });
});
