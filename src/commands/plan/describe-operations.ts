import type { SetupOp } from '../../launch/operations.ts';

/** Long enough for a path or a short command; file contents and filters are cut. */
const LONGEST = 160;

function describeField([name, field]: [string, unknown]): string {
  const text = JSON.stringify(field) ?? 'null';
  return `${name}=${text.length > LONGEST ? `${text.slice(0, LONGEST)}… (${text.length} characters)` : text}`;
}

/** Takes operations in order and gives one numbered line for each, its fields as JSON. */
export function describeOperations(operations: readonly SetupOp[]): string {
  const digits = String(operations.length).length;
  const lines = operations.map(({ op, ...fields }, index) => {
    const described = Object.entries(fields).map(describeField);
    return [`${String(index + 1).padStart(digits)} ${op}`, ...described].join(' ');
  });
  return `${lines.join('\n')}\n`;
}
