import { quoted, UsageError } from '../arguments/usage-error.ts';
import type { VariableRequest } from './environment.ts';

/**
 * Takes the text of an `--env-file` and gives its variables in order.
 *
 * The format is docker's (opts/file.go of docker/cli): a line is `NAME=VALUE`, the value up to the line's end as it is,
 * quotes and all; or `NAME`, the host's value; blank lines and those that start with `#` are skipped; spaces before a name
 * too. Throws UsageError with the line's number.
 */
export function parseEnvFile(text: string): VariableRequest[] {
  const requests: VariableRequest[] = [];
  const lines = text.replace(/^\uFEFF/, '').split('\n');
  for (const [index, raw] of lines.entries()) {
    const line = raw.replace(/\r$/, '').replace(/^[ \t]+/, '');
    if (line === '' || line.startsWith('#')) continue;
    const refuse = (why: string): UsageError => new UsageError(`line ${index + 1}: ${why}, got ${quoted(line)}`);
    if (line.includes('\0')) throw refuse('expected text without NUL');
    const equals = line.indexOf('=');
    const name = equals === -1 ? line.trimEnd() : line.slice(0, equals);
    if (name === '') throw refuse('expected a name before =');
    if (/\s/.test(name)) throw refuse('expected a name without spaces');
    requests.push(equals === -1 ? { kind: 'host', name } : { kind: 'set', name, value: line.slice(equals + 1) });
  }
  return requests;
}
