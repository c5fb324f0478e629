import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { PLACE } from '../../../support/registry/place.ts';
import { makeImages } from '../../../support/registry/registry.ts';
import { serve } from '../../../support/registry/serve.ts';

/** Serves the tests' debian:bookworm as a mirror of docker.io does, as `library/debian`. Gives its address. */
export async function debianMirror(t: Pick<TestContext, 'after'>): Promise<string> {
  await makeImages(['debian:bookworm']);
  const storage = `${PLACE.root}/mirror`;
  const [own, theirs] = [storage, PLACE.storage].map((path) => `${path}/docker/registry/v2`) as [string, string];
  mkdirSync(`${own}/repositories/library`, { recursive: true });
  link(`${theirs}/blobs`, `${own}/blobs`);
  link(`${theirs}/repositories/debian`, `${own}/repositories/library/debian`);
  const { host, stop } = await serve({ storage });
  t.after(stop);
  return host;
}

function link(target: string, path: string): void {
  try {
    symlinkSync(target, path);
  } catch (error) {
    // Another test file was faster.
    if (!existsSync(path)) throw error;
  }
}
