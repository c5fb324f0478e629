import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { CANNOT_RUN_HERE, needs } from '../../packages.ts';
import { IMAGES, type ImageName, makePlace, PLACE, REGISTRY_BASE } from './place.ts';
import { serve } from './serve.ts';

export interface TestRegistry {
  /** `127.0.0.1:PORT`: a registry behind plain HTTP that can be read without a name. */
  readonly host: string;
  /** Full references of the images that were asked for: `127.0.0.1:PORT/busybox:1`. */
  readonly images: readonly string[];
  /** An OCI layout with what they were made from, for other tools: tags busybox-amd64, debian, bigapp, nasty … */
  readonly layout: string;
}

/** For a test's `skip` option: false where the registry can be had, otherwise the reason. */
export function needsRegistry(...images: readonly ImageName[]): string | false {
  const programs = ['docker-registry', 'setpriv', 'flock'];
  if (missing(images).length === 0) return needs(...programs);
  const mapping = process.getuid?.() === 0 || hasSubordinates() ? [] : ['/etc/subuid'];
  if (mapping.length > 0) return `${CANNOT_RUN_HERE}needs subordinate ids, to make images`;
  return needs(...programs, 'mmdebstrap', 'umoci', 'skopeo');
}

function hasSubordinates(): boolean {
  const path = '/etc/subuid';
  if (!existsSync(path)) return false;
  return readFileSync(path, 'utf8')
    .split('\n')
    .some((line) => line.startsWith(`${userInfo().username}:`));
}

function missing(images: readonly ImageName[]): ImageName[] {
  const wanted = images.length === 0 ? IMAGES : images;
  return wanted.filter((name) => !existsSync(`${PLACE.done}/${name}`));
}

/**
 * Serves images (default: all) from a registry that stops after the test or suite. Those that are not there yet are
 * made, once for all test runs: seconds for busybox, a minute for Debian, three for all.
 */
export async function testRegistry(
  t: Pick<TestContext, 'after'>,
  ...images: readonly ImageName[]
): Promise<TestRegistry> {
  await makeImages(images);
  const { host, stop } = await serve();
  t.after(stop);
  const names = images.length === 0 ? IMAGES : images;
  return { host, images: names.map((name) => `${host}/${name}`), layout: PLACE.layout };
}

/** Makes those of the images that are not there yet; waits for another process that does so. */
export async function makeImages(images: readonly ImageName[] = []): Promise<void> {
  const wanted = missing(images);
  if (wanted.length === 0) return;
  makePlace();
  const build = join(import.meta.dirname, 'build.ts');
  const words = [`${REGISTRY_BASE}/lock`, process.execPath, build, ...wanted];
  const child = spawn('flock', words, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const [status] = await once(child, 'close');
  if (status !== 0) throw new Error(`the images of the tests could not be made:\n${said}`);
}
