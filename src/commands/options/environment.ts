import { unexpected } from '../arguments/usage-error.ts';
import { looksSecret } from './secret-name.ts';

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

export interface ResolvedVariables {
  readonly variables: ReadonlyMap<string, string>;
  /** Names of those that only a pattern asked for and that look like secrets: they are not passed. */
  readonly heldBack: readonly string[];
}

/** Takes requests in order and the host's variables; gives the variables, the last request of a name winning. */
export function resolveVariables(
  requests: readonly VariableRequest[],
  host: ReadonlyMap<string, string>,
): ResolvedVariables {
  const variables = new Map<string, string>();
  const heldBack = new Set<string>();
  const named = new Set(requests.flatMap((request) => (request.kind === 'prefix' ? [] : [request.name])));
  for (const request of requests) {
    if (request.kind === 'set') {
      variables.set(request.name, request.value);
    } else if (request.kind === 'host') {
      const value = host.get(request.name);
      if (value !== undefined) variables.set(request.name, value);
    } else {
      for (const [name, value] of host) {
        if (!name.startsWith(request.prefix)) continue;
        if (named.has(name) || !looksSecret(name, value)) variables.set(name, value);
        else heldBack.add(name);
      }
    }
  }
  return { variables, heldBack: [...heldBack] };
}
