import { unexpected } from '../arguments/usage-error.ts';

/** One request for variables, from `-e` or a line of an `--env-file`. */
export type VariableRequest =
  /** `NAME=VALUE`. */
  | { readonly kind: 'set'; readonly name: string; readonly value: string }
  /** `NAME`: the host's value, nothing where it has none. */
  | { readonly kind: 'host'; readonly name: string }
  /** `NAME*`: every variable of the host that starts so. */
  | { readonly kind: 'prefix'; readonly prefix: string };

/** Takes `NAME=VALUE`, `NAME` or `NAME*` of podman-run(1). Throws UsageError. */
export function parseVariable(text: string): VariableRequest {
  const equals = text.indexOf('=');
  const name = equals === -1 ? text : text.slice(0, equals);
  if (name === '') throw unexpected('NAME=VALUE, NAME or NAME*', text);
  if (equals !== -1) return { kind: 'set', name, value: text.slice(equals + 1) };
  return name.endsWith('*') ? { kind: 'prefix', prefix: name.slice(0, -1) } : { kind: 'host', name };
}

/** Takes requests in order and the host's variables; gives the variables, the last request of a name winning. */
export function resolveVariables(
  requests: readonly VariableRequest[],
  host: ReadonlyMap<string, string>,
): Map<string, string> {
  const found = new Map<string, string>();
  for (const request of requests) {
    if (request.kind === 'set') {
      found.set(request.name, request.value);
    } else if (request.kind === 'host') {
      const value = host.get(request.name);
      if (value !== undefined) found.set(request.name, value);
    } else {
      for (const [name, value] of host) if (name.startsWith(request.prefix)) found.set(name, value);
    }
  }
  return found;
}
