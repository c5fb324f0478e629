import * as z from 'zod';
import { descriptions } from './describe.ts';

/** Gives how a key could be written, by its path; undefined where there is no example. */
export function exampleAt(schema: z.ZodType, path: readonly string[]): string | undefined {
  const name = path.at(-1) ?? '';
  const tables = path
    .slice(0, -1)
    .reduce((found, each) => found.flatMap((table) => tablesOf(inner(table, each))), tablesOf(schema));
  const examples = tables.map((table) => inner(table, name)).map((key) => key && descriptions.get(key)?.examples?.[0]);
  const [example] = examples.filter((each) => each !== undefined);
  return example === undefined ? undefined : `${name} = ${JSON.stringify(example)}`;
}

/** Gives the keys that a table of a document may have, by the path that leads to it; undefined where that is not fixed. */
export function keysAt(schema: z.ZodType, path: readonly string[]): readonly string[] | undefined {
  let options = tablesOf(schema);
  for (const name of path) options = options.flatMap((each) => tablesOf(inner(each, name)));
  const found = options.find((each) => each instanceof z.ZodObject);
  return found instanceof z.ZodObject ? Object.keys(found.shape) : undefined;
}

function inner(schema: z.ZodType, name: string): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodObject) return Object.hasOwn(schema.shape, name) ? schema.shape[name] : undefined;
  if (schema instanceof z.ZodRecord) return schema.valueType;
  return schema instanceof z.ZodArray ? schema.element : undefined;
}

function tablesOf(schema: z.core.$ZodType | undefined): z.ZodType[] {
  if (schema instanceof z.ZodOptional) return tablesOf(schema.unwrap());
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((each) => tablesOf(each));
  return schema instanceof z.ZodType ? [schema] : [];
}
