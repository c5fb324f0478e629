import * as z from 'zod';
import { descriptions, type KeyDescription } from './describe.ts';
import { localFile, projectFile } from './file.ts';

/** A schema of a part, with all that is said about it. */
export type JsonSchema = Omit<z.core.JSONSchema.BaseSchema, keyof KeyDescription> & Partial<KeyDescription>;

/** Files of a project that have a schema. */
export type SchemaOf = 'sandbox.toml' | 'sandbox.local.toml';

const ABOUT = {
  'sandbox.toml': { schema: projectFile, description: 'The environment of a project, and what can be done in it.' },
  'sandbox.local.toml': { schema: localFile, description: "A person's own settings, over those of sandbox.toml." },
} as const;

/** Gives the JSON Schema of a file (draft 2020-12); `finish` may change each part, the innermost first. */
export function jsonSchema(finish: (part: JsonSchema) => void, file: SchemaOf = 'sandbox.toml'): JsonSchema {
  return z.toJSONSchema(ABOUT[file].schema, {
    metadata: descriptions,
    io: 'input',
    override: ({ jsonSchema }) => finish(jsonSchema as JsonSchema),
  }) as JsonSchema;
}

/** The text of docs/sandbox.schema.json and docs/sandbox.local.schema.json, and of `sandbox schema`. */
export function schemaText(file: SchemaOf): string {
  const { $schema, ...schema } = jsonSchema(forEditors, file);
  const { description } = ABOUT[file];
  return `${printed({ $schema, title: file, description, ...schema }, '', 0)}\n`;
}

/** What only the reference page shows is left out: no editor knows it. */
function forEditors(part: { -readonly [Name in keyof JsonSchema]: JsonSchema[Name] }): void {
  if (part.isChoice) Object.assign(part, { minProperties: 1, maxProperties: 1 });
  delete part.isChoice;
  delete part.defaultText;
}

const LINE = 120;

/** JSON as Biome lays it out: a list stands in one line where it fits. `used`: characters of the line before the value. */
function printed(value: unknown, indent: string, used: number): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const isFlat = value.every((each) => typeof each !== 'object' || Array.isArray(each));
    const line = `[${value.map((each) => printed(each, '', Number.NEGATIVE_INFINITY)).join(', ')}]`;
    if (isFlat && used + line.length + 1 <= LINE) return line;
    return `[\n${value.map((each) => inner + printed(each, inner, inner.length)).join(',\n')}\n${indent}]`;
  }
  const lines = Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .map(([name, each]) => {
      const start = `${inner}${JSON.stringify(name)}: `;
      return start + printed(each, inner, start.length);
    });
  return lines.length === 0 ? '{}' : `{\n${lines.join(',\n')}\n${indent}}`;
}
