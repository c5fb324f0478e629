import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { expectServices, inOrder } from '../../../src/project/service/order.ts';
import { named, service } from './services.ts';

const namesOf = (services: readonly { readonly name: string }[]): string[] => services.map(({ name }) => name);

const SHOP = named(
  service('web', { requires: ['api', 'mail'] }),
  service('api', { requires: ['db'] }),
  service('mail'),
  service('db'),
  service('docs'),
);

test('each service stands behind what it requires, and only what is asked for is there', () => {
  assert.deepEqual(namesOf(inOrder(SHOP, [])), ['db', 'api', 'mail', 'web', 'docs']);
  assert.deepEqual(namesOf(inOrder(SHOP, ['api'])), ['db', 'api']);
  assert.deepEqual(namesOf(inOrder(SHOP, ['docs', 'api', 'db'])), ['docs', 'db', 'api']);
});

test('a name that is none says what it may have been, and who requires it', () => {
  const isUnknown = (message: RegExp, hint: RegExp) => (error: unknown) => {
    assert.ok(error instanceof Error && 'code' in error && 'hint' in error);
    assert.equal(error.code, 'UNKNOWN');
    assert.match(error.message, message);
    assert.match(String(error.hint), hint);
    return true;
  };
  assert.throws(() => inOrder(SHOP, ['wbe']), isUnknown(/no service "wbe"/, /did you mean web\?/));
  assert.throws(() => expectServices(SHOP, ['wbe']), isUnknown(/no service "wbe"/, /did you mean web\?/));
  const broken = named(service('web', { requires: ['cache'] }));
  assert.throws(() => inOrder(broken, []), isUnknown(/"cache", which web requires/, /it has web/));
  assert.throws(() => inOrder(named(), ['x']), isUnknown(/"x"/, /it has none/));
});

test('a circle is told as it goes', () => {
  const circle = named(
    service('a', { requires: ['b'] }),
    service('b', { requires: ['c'] }),
    service('c', { requires: ['b'] }),
  );
  assert.throws(() => inOrder(circle, []), /b -> c -> b/);
  assert.throws(() => inOrder(named(service('a', { requires: ['a'] })), []), /a -> a/);
});

test('any graph without circles: all that is required, once, before what requires it', () => {
  const graphs = fc
    .array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: 1, maxLength: 12 })
    .map((edges) =>
      named(
        ...edges.map((targets, index) =>
          service(`s${index}`, { requires: index === 0 ? [] : targets.map((target) => `s${target % index}`) }),
        ),
      ),
    );
  fc.assert(
    fc.property(graphs, fc.nat(), (services, which) => {
      const asked = [...services.keys()][which % services.size] ?? '';
      const order = inOrder(services, [asked]);
      const names = namesOf(order);
      assert.equal(new Set(names).size, names.length);
      assert.equal(names.at(-1), asked);
      for (const { name, requires } of order)
        for (const required of requires)
          assert.ok(names.indexOf(required) < names.indexOf(name), `${required} ${name}`);
      for (const { name } of order.slice(0, -1)) assert.ok(order.some(({ requires }) => requires.includes(name)));
    }),
  );
});
