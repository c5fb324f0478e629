import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import type { Spec } from '../../../../src/plan/spec.ts';
import { type Result, runAs } from '../../../support/user.ts';
import { imageLauncher, type Kind, type Place, place } from '../../drivers/support/image-sandbox.ts';

/** A sandbox under audit whose directory is kept: what it printed, and where its log lies. */
export interface Audited extends Result {
  readonly directory: string;
  readonly log: Buffer;
}

/** A place with one layer: directories to mount on, and links into the host's /usr. */
export function auditedPlace(t: TestContext, kind: Kind): { readonly where: Place; readonly layer: string } {
  const where = place(t, kind);
  const layer = `${where.directory}/layer`;
  const directories = ['proc', 'sys', 'dev', 'etc', 'tmp', 'usr', 'run', 'script', 'work'].map(
    (name) => `${layer}/${name}`,
  );
  execFileSync('mkdir', ['-p', ...directories]);
  for (const name of ['bin', 'lib', 'lib64', 'sbin']) execFileSync('ln', ['-s', `usr/${name}`, `${layer}/${name}`]);
  execFileSync('chown', ['-hR', `${where.user.uid}:${where.user.gid}`, layer]);
  return { where, layer };
}

let sandboxes = 0;

/** Runs a command under audit. */
export async function runAudited(
  { where, layer }: { readonly where: Place; readonly layer: string },
  audit: Spec['audit'],
  command: readonly string[],
  spec: Partial<Spec> = {},
): Promise<Audited> {
  sandboxes += 1;
  const name = `audited-${sandboxes}`;
  const launcher = imageLauncher(where, {
    layers: [layer],
    driver: 'native',
    command,
    spec: { lifetime: { kind: 'named', name }, workdir: '/work', ...(audit ? { audit } : {}), ...spec },
  });
  const directory = `${where.store}/sandboxes/${name}`;
  const result = await runAs(where.user, [launcher], { timeout: 120_000 });
  return { ...result, directory, log: audit ? readFileSync(`${directory}/audit`) : Buffer.alloc(0) };
}

/** The same with a shell script that has to end well. */
export async function audited(
  where: { readonly where: Place; readonly layer: string },
  audit: NonNullable<Spec['audit']>,
  script: string,
  spec: Partial<Spec> = {},
): Promise<Audited> {
  const result = await runAudited(where, audit, ['/bin/sh', '-c', script], spec);
  assert.equal(result.status, 0, result.stderr);
  return result;
}
