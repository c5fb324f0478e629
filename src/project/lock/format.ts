import type { Digest } from '../../store/digest.ts';
import type { Lock, LockedImage, LockedStep, PlatformText } from './lock.ts';

/** Of the file's format: one that has a later one is refused. */
export const LOCK_VERSION = 1;

const HEADER = `# Written by \`sandbox lock\`. Commit it, and do not edit it by hand.
version = ${LOCK_VERSION}
`;

/** By code units: an order by language would be another one elsewhere. */
function inOrder<T>(map: ReadonlyMap<string, T>): Array<[string, T]> {
  return [...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/** A basic string of TOML 1.0; JSON escapes what it escapes, but for DEL. */
function text(value: string): string {
  return JSON.stringify(value).replaceAll('\x7f', '\\u007f');
}

function platforms(digests: ReadonlyMap<PlatformText, Digest>): string[] {
  return inOrder(digests).map(([platform, digest]) => `${text(platform)} = ${text(digest)}`);
}

function image(written: string, { name, index, platforms: manifests }: LockedImage): string[] {
  return [
    '[[image]]',
    `image = ${text(written)}`,
    `name = ${text(name)}`,
    ...(index === undefined ? [] : [`index = ${text(index)}`]),
    ...platforms(manifests),
  ];
}

function step(environment: string, number: number, { name, recipe, inputs, results }: LockedStep): string[] {
  return [
    '[[step]]',
    `environment = ${text(environment)}`,
    `number = ${number}`,
    `name = ${text(name)}`,
    `recipe = ${text(recipe)}`,
    ...(inputs === undefined ? [] : [`inputs = ${text(inputs)}`]),
    ...platforms(results),
  ];
}

/** Gives the text of sandbox.lock: the same for the same lock, a block for each image and step, a line for each digest. */
export function formatLock({ images, steps }: Lock): string {
  const blocks = [
    ...inOrder(images).map(([written, locked]) => image(written, locked)),
    ...inOrder(steps).flatMap(([environment, list]) => list.map((each, at) => step(environment, at + 1, each))),
  ];
  return [HEADER, ...blocks.map((lines) => `${lines.join('\n')}\n`)].join('\n');
}
