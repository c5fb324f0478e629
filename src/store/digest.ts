import type { Hash } from 'node:crypto';

/** `ALGORITHM:HEX` of the two algorithms that are registered: OCI image spec, descriptor.md, "Digests". */
export type Digest = `sha256:${string}` | `sha512:${string}`;

const HEX_LENGTH: Readonly<Record<string, number>> = { sha256: 64, sha512: 128 };

/** Takes a string that nobody vouches for and gives the digest that it is, undefined when it is none. */
export function parseDigest(unsafeText: unknown): Digest | undefined {
  if (typeof unsafeText !== 'string') return undefined;
  const [algorithm, hex, ...rest] = unsafeText.split(':');
  if (algorithm === undefined || hex === undefined || rest.length > 0) return undefined;
  if (hex.length !== HEX_LENGTH[algorithm] || !/^[0-9a-f]+$/.test(hex)) return undefined;
  return unsafeText as Digest;
}

/** Gives both parts; each is safe as a file name. */
export function digestParts(digest: Digest): { readonly algorithm: 'sha256' | 'sha512'; readonly hex: string } {
  const [algorithm, hex = ''] = digest.split(':');
  return { algorithm: algorithm === 'sha512' ? 'sha512' : 'sha256', hex };
}

/** Loaded when something is hashed: it takes 5 ms, and who starts a sandbox only parses digests. */
function newHash(algorithm: 'sha256' | 'sha512'): Hash {
  return process.getBuiltinModule('node:crypto').createHash(algorithm);
}

/** Gives what computes a digest of the same algorithm. */
export function hashFor(digest: Digest): Hash {
  return newHash(digestParts(digest).algorithm);
}

export function digestOf(bytes: Uint8Array, algorithm: 'sha256' | 'sha512' = 'sha256'): Digest {
  return `${algorithm}:${newHash(algorithm).update(bytes).digest('hex')}`;
}

/** Takes the diff ids from the lowest layer up and gives the chain id of each: OCI image spec, config.md, "Layer ChainID". */
export function chainIds(diffIds: readonly Digest[]): Digest[] {
  let chain: Digest | undefined;
  return diffIds.map((diffId) => {
    chain = chain === undefined ? diffId : digestOf(Buffer.from(`${chain} ${diffId}`));
    return chain;
  });
}
