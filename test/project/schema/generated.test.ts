import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { limitOptions } from '../../../src/commands/options/limit-options.ts';
import { type JsonSchema, jsonSchema, schemaText } from '../../../src/project/schema/json-schema.ts';
import { generated } from '../../../tools/generate-schema.ts';
import { load } from '../load/support.ts';

const repository = join(import.meta.dirname, '../../..');
const page = readFileSync(join(repository, 'docs/sandbox-toml.md'), 'utf8');

/** Every part of the schema, with the names that lead to it. */
function* partsOf(part: unknown, path: readonly string[] = []): Generator<readonly [readonly string[], JsonSchema]> {
  if (typeof part !== 'object' || part === null) return;
  yield [path, part as JsonSchema];
  for (const [name, inner] of Object.entries(part)) {
    if (['default', 'examples', 'enum'].includes(name)) continue;
    yield* partsOf(inner, [...path, name]);
  }
}

describe('what is made from the schema', () => {
  for (const [path, content] of generated()) {
    it(`is up to date: ${path}`, () => {
      const hint = 'node tools/generate-schema.ts';
      assert.ok(readFileSync(join(repository, path), 'utf8') === content, `${path} is out of date: ${hint}`);
    });
  }

  for (const file of ['sandbox.toml', 'sandbox.local.toml'] as const) {
    it(`has a description of every key: ${file}`, () => {
      const keys = [...partsOf(jsonSchema(() => {}, file))].filter(([path]) => path.at(-2) === 'properties');
      assert.ok(keys.length > 90);
      const without = keys.filter(([, { description = '' }]) => description.length < 10);
      assert.deepEqual(
        without.map(([path]) => path.join('.')),
        [],
      );
    });

    it(`is JSON Schema of draft 2020-12, with nothing in it that editors do not know: ${file}`, () => {
      const schema = JSON.parse(schemaText(file));
      assert.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema');
      assert.equal(schema.title, file);
      assert.equal(schema.additionalProperties, false);
      const known = [
        ...['$schema', 'title', 'description', 'type', 'properties', 'required', 'additionalProperties'],
        ...['propertyNames', 'items', 'anyOf', 'enum', 'pattern', 'default', 'examples', 'minimum', 'maximum'],
        ...['minItems', 'minProperties', 'maxProperties'],
      ];
      const words = new Set(
        [...partsOf(schema)].flatMap(([path, part]) => (path.at(-1) === 'properties' ? [] : Object.keys(part))),
      );
      const lists = [...words].filter((word) => !known.includes(word) && !/^\d+$/.test(word));
      assert.deepEqual(lists, []);
    });
  }

  it('has for sandbox.local.toml all keys but those that make layers, and needs none', () => {
    const [main, local] = (['sandbox.toml', 'sandbox.local.toml'] as const).map((file) => JSON.parse(schemaText(file)));
    assert.deepEqual(main.required, ['image']);
    assert.equal(local.required, undefined);
    const layers = ['packages', 'steps'];
    const without = (keys: object): string[] => Object.keys(keys).filter((name) => !layers.includes(name));
    const named = ({ properties }: typeof main) => properties.env.additionalProperties.anyOf.at(-1).properties;
    for (const part of [(schema: typeof main) => schema.properties, named]) {
      assert.ok(layers.every((name) => Object.hasOwn(part(main), name)));
      assert.deepEqual(Object.keys(part(local)).sort(), without(part(main)).sort());
    }
    for (const part of ['command', 'service']) {
      const [ofMain, ofLocal] = [main, local].map(({ properties }) => properties[part].additionalProperties);
      assert.deepEqual(Object.keys(ofLocal.properties), Object.keys(ofMain.properties));
      assert.deepEqual([ofMain.required, ofLocal.required], [['run'], undefined]);
    }
  });

  it('has the limits of `sandbox run`, by their names', () => {
    const schema = JSON.parse(schemaText('sandbox.toml'));
    const options = Object.values(limitOptions).map(({ names }) =>
      names.find((name) => name.startsWith('--'))?.slice(2),
    );
    assert.deepEqual(Object.keys(schema.properties.limits.properties).sort(), options.sort());
  });
});

describe('docs/sandbox-toml.md', () => {
  const examples = [...page.matchAll(/```toml\n(.*?)```/gs)].map(([, text = '']) => text);
  const [local, main] = [
    examples.filter((text) => text.includes('local.toml')),
    examples.filter((text) => !text.includes('local.toml')),
  ];

  it('has examples', () => {
    assert.ok(main.length >= 8);
    assert.equal(local.length, 1);
  });

  for (const text of main) {
    it(`can be loaded: ${JSON.stringify(text.slice(0, 40))}`, async (t) => {
      assert.ok((await load(t, text)).environments.has('default'));
    });
  }

  it('can be loaded: sandbox.local.toml', async (t) => {
    const { environments } = await load(t, 'image = "a"\n[command.test]\nrun = "x"\n', local[0]);
    assert.deepEqual(environments.get('default')?.session, ['ssh-agent']);
  });

  it('has examples of keys that can be loaded', async (t) => {
    const rows = [...page.matchAll(/^\| `([\w-]+)` \|.*\| ([^|]*(?:\\\|[^|]*)*) \|$/gm)];
    const lines = rows.flatMap(([, , cell = '']) =>
      [...cell.matchAll(/`([^`]+ = [^`]+)`/g)].map(([, line = '']) => line),
    );
    assert.ok(lines.length > 50);
    // Where they stand is told by the table; each key is at home in one of these places at least.
    const places = (line: string): string[] => [
      `${line}\n${line.startsWith('image') ? '' : 'image = "a"'}\n`,
      `image = "a"\n[[steps]]\n${line.startsWith('run') ? '' : 'run = "x"\n'}${line}\n`,
      `image = "a"\n[limits]\n${line}\n`,
      `image = "a"\n[env.test]\n${line}\nimage = "a"\n`,
      `image = "a"\n[env.test]\nimage = "a"\n${line}\n[env."node20"]\nimage = "a"\n`,
      ...['command', 'service'].map((kind) => {
        const names = `[command.build]\nrun = "x"\n[service.db]\nrun = "x"\n[env.test]\nimage = "a"\n[env.db]\nimage = "a"\n`;
        const run = line.startsWith('run') ? '' : 'run = "x"\n';
        const each = line.includes('{NODE}') ? 'each = { NODE = [20] }\n' : '';
        return `image = "a"\n[${kind}.x]\n${run}${each}${line}\n${names}[env.node20]\nimage = "a"\n`;
      }),
      `image = "a"\n[service.x]\nrun = "x"\n[service.x.ready]\n${line}\n`,
    ];
    for (const line of lines) {
      const tried = places(line.replaceAll('\\|', '|'));
      const loaded = await Promise.all(
        tried.map((text) =>
          load(t, text).then(
            () => true,
            () => false,
          ),
        ),
      );
      assert.ok(loaded.includes(true), line);
    }
  });
});
