import type { Table } from './document.ts';

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** Gives a table with another over it: tables merge, anything else is replaced. Both were checked by the schema, so they are shallow. */
export function merge(below: Table, above: Table): Table {
  const merged: Record<string, unknown> = Object.assign(Object.create(null), below);
  for (const [name, value] of Object.entries(above)) {
    const old = merged[name];
    merged[name] = isTable(old) && isTable(value) ? merge(old, value) : value;
  }
  return merged;
}
