import { decodeBytes, encodeBytes } from '../../linux/bytes.ts';
import type { Secret } from '../../plan/spec.ts';
import { UsageError } from '../arguments/usage-error.ts';
import type { SecretRequest } from '../options/secret.ts';
import { readHostBytes } from './host-files.ts';
import type { Surroundings } from './surroundings.ts';

/** As podman has it: maxSecretSize in containers/common, pkg/secrets. */
const MOST_BYTES = 512_000;

/** Looks secrets up. Throws UsageError, which never tells what is in one. */
export function secretsOf(requests: readonly SecretRequest[], around: Surroundings): Secret[] {
  const found = new Map<string, Secret>();
  for (const request of requests) {
    const { name } = request;
    if (found.has(name)) throw new UsageError(`--secret: ${name} is given twice`);
    const content = contentOf(request, around);
    if (content === undefined) throw new UsageError(`--secret: ${name} has more than ${MOST_BYTES} bytes`);
    if (content === '') throw new UsageError(`--secret: ${name} is empty`);
    found.set(name, { name, content });
  }
  return [...found.values()];
}

function contentOf(
  { name, source }: SecretRequest,
  { environment, currentDirectory }: Surroundings,
): string | undefined {
  if (source.kind === 'file') {
    const bytes = readHostBytes('--secret', source.unsafePath, MOST_BYTES, currentDirectory, source.within);
    return bytes && decodeBytes(bytes);
  }
  const value = environment.get(source.name);
  if (value === undefined) {
    throw new UsageError(`--secret: there is no variable ${source.name}`, {
      hint: `from a file: --secret ${name}=FILE`,
    });
  }
  return encodeBytes(value).length > MOST_BYTES ? undefined : value;
}
