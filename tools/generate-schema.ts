import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { schemaText } from '../src/project/schema/json-schema.ts';
import { referencePage } from './reference-page.ts';

/*
 * Writes what is made from the schemas of sandbox.toml and sandbox.local.toml: node tools/generate-schema.ts
 */

const repository = join(import.meta.dirname, '..');

/** Gives the files, by their path in the repository. */
export function generated(): ReadonlyMap<string, string> {
  const text = readFileSync(join(import.meta.dirname, 'sandbox-toml.md'), 'utf8');
  return new Map([
    ['docs/sandbox.schema.json', schemaText('sandbox.toml')],
    ['docs/sandbox.local.schema.json', schemaText('sandbox.local.toml')],
    ['docs/sandbox-toml.md', referencePage(text)],
  ]);
}

if (import.meta.main) {
  for (const [path, content] of generated()) writeFileSync(join(repository, path), content);
}
