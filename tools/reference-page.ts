import { type JsonSchema, jsonSchema } from '../src/project/schema/json-schema.ts';

/*
 * docs/sandbox-toml.md: what stands between the tables is in reference-text.ts.
 */

type Parts = Readonly<Record<string, JsonSchema>>;

function toml(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(toml).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const pairs = Object.entries(value).map(([name, inner]) => `${name} = ${toml(inner)}`);
  return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`;
}

function typeOf(schema: JsonSchema): string {
  const {
    anyOf,
    enum: words,
    type,
    items,
  } = schema as JsonSchema & {
    readonly anyOf?: readonly JsonSchema[];
    readonly items?: JsonSchema;
    readonly enum?: readonly unknown[];
  };
  if (anyOf !== undefined) return [...new Set(anyOf.map(typeOf))].join(' or ');
  if (words !== undefined) return words.map((word) => `\`"${word}"\``).join(', ');
  if (type === 'array') {
    const item = items === undefined ? 'values' : typeOf(items);
    return item === 'table' ? 'tables' : `list of ${item.includes('`') ? item.replaceAll(', ', ' or ') : plural(item)}`;
  }
  if (type === 'boolean') return 'true or false';
  if (type === 'integer') return 'whole number';
  return type === 'object' ? 'table' : String(type);
}

function plural(words: string): string {
  return words.replace(/\b(string|number|list)\b/g, '$1s');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

function row(name: string, schema: JsonSchema, required: boolean): string {
  const { default: value, defaultText, description = '', examples = [] } = schema;
  const fallback = value === undefined ? (defaultText ?? '') : `\`${toml(value)}\``;
  const example = examples.map((each) => `\`${name} = ${toml(each)}\``).join('<br>');
  const cells = [`\`${name}\``, typeOf(schema), required ? '(required)' : fallback, description, example];
  return `| ${cells.map(cell).join(' | ')} |\n`;
}

/** Gives the table of a part's keys. */
function table(schema: JsonSchema, left: readonly string[] = []): string {
  const { properties = {}, required = [] } = schema as {
    readonly properties?: Parts;
    readonly required?: readonly string[];
  };
  const rows = Object.entries(properties)
    .filter(([name]) => !left.includes(name))
    .map(([name, inner]) => row(name, inner, required.includes(name)));
  return `| key | type | default | what it does | example |\n|---|---|---|---|---|\n${rows.join('')}`;
}

function at(schema: JsonSchema, ...path: readonly string[]): JsonSchema {
  return path.reduce<JsonSchema>((part, name) => {
    const { properties, additionalProperties, items, anyOf } = part as JsonSchema & {
      readonly properties?: Parts;
      readonly additionalProperties?: JsonSchema;
      readonly items?: JsonSchema;
      readonly anyOf?: readonly JsonSchema[];
    };
    const found =
      name === '[]' ? items : name === '*' ? additionalProperties : name === '{}' ? tableOf(anyOf) : properties?.[name];
    if (found === undefined) throw new Error(`the schema has no ${path.join(' ')}`);
    return found;
  }, schema);
}

function tableOf(options: readonly JsonSchema[] = []): JsonSchema | undefined {
  return options.find(({ type }) => type === 'object');
}

/** Takes the page with places such as `<!-- keys: steps [] -->` and gives it with the tables there. */
export function referencePage(text: string): string {
  const whole = jsonSchema(() => {});
  const named = Object.keys((at(whole, 'env', '*', '{}') as { properties: Parts }).properties);
  return text.replace(/<!-- keys(-of-named)?:(.*?) -->\n/g, (_, isNamed: string | undefined, path: string) => {
    const part = at(whole, ...path.split(' ').filter((word) => word !== ''));
    const own = ['image', 'extends', 'env'];
    return table(part, isNamed === undefined ? [] : named.filter((name) => !own.includes(name)));
  });
}
