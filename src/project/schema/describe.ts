import * as z from 'zod';

/** What is said about a key: in the JSON Schema, and on the reference page. */
export interface KeyDescription {
  readonly description: string;
  readonly default?: unknown;
  /** A default that is no value: words. */
  readonly defaultText?: string;
  readonly examples?: readonly unknown[];
  /** Exactly one of its keys is there. */
  readonly isChoice?: boolean;
}

// One document is checked, once: compiling the schema would take longer.
z.config({ jitless: true });

export const descriptions = z.registry<KeyDescription>();

/** Gives the schema of a key with what is said about it. */
export function key<const Schema extends z.ZodType>(schema: Schema, description: KeyDescription): Schema {
  descriptions.add(schema, description);
  return schema;
}
