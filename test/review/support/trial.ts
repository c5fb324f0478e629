import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import type { TestContext } from 'node:test';
import { FILE_TYPE } from '../../../src/linux/constants/open.ts';
import { FileCalls } from '../../../src/linux/file-calls.ts';
import type { Applied, Change, Obstacle, Part, ReviewAnswer } from '../../../src/review/model.ts';
import { answer } from '../../../src/review/serve.ts';

export const TEMPORARY = '.sandbox-0123456789abcdef';

/** A workspace of the host and a sandbox's changes of it, in a directory of their own. */
export interface Trial {
  readonly directory: string;
  readonly host: string;
  readonly upper: string;
  readonly parts: readonly Part[];
}

/** Makes both from lists of files; a name that ends in `/` is a directory. Changes are made after the host's files. */
export function trial(t: TestContext, host: Readonly<Record<string, string>> = {}): Trial {
  const directory = mkdtempSync('/var/tmp/sandbox-review-');
  t.after(() => {
    // Who is not root may not remove what lies in directories that are closed.
    spawnSync('chmod', ['-R', 'u+rwX', directory]);
    rmSync(directory, { recursive: true, force: true });
  });
  const [below, upper] = [`${directory}/host`, `${directory}/upper`];
  for (const path of [below, upper]) mkdirSync(path);
  fill(below, host);
  later();
  const part: Part = {
    upper,
    lowers: [below],
    host: below,
    hostIsLower: true,
    place: '',
    hasOwners: true,
    ownPlaces: [],
  };
  return { directory, host: below, upper, parts: [part] };
}

/** Waits until the kernel's clock for files, which ticks every 10 ms at most, says something later. */
export function later(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
}

export function fill(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    const path = `${directory}/${name}`;
    mkdirSync(path.slice(0, path.lastIndexOf('/')), { recursive: true });
    if (!name.endsWith('/')) writeFileSync(path, content);
  }
}

/** A character device 0:0: what overlayfs puts where something was deleted. */
export function whiteout(path: string): void {
  assert.equal(new FileCalls().mknodat(-100, Buffer.from(path).toString('latin1'), FILE_TYPE.S_IFCHR), 0);
}

/** Sets an extended attribute of a file or directory. */
export function attribute(path: string, name: string, value: string): void {
  const files = new FileCalls();
  const open = files.openat(-100, Buffer.from(path).toString('latin1'), 0, 0);
  assert(open >= 0);
  assert.equal(files.fsetxattr(open, name, Buffer.from(value)), 0, name);
  files.close(open);
}

export function attributes(path: string): string[] {
  const files = new FileCalls();
  const open = files.openat(-100, Buffer.from(path).toString('latin1'), 0, 0);
  const names = files.flistxattr(open);
  files.close(open);
  assert(typeof names !== 'number');
  return names;
}

export const opaque = (path: string): void => attribute(path, 'user.overlay.opaque', 'y');

/** What is in a directory: of files the content, of links the target, of directories their mode. */
export function tree(directory: string, prefix = ''): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of readdirSync(directory).sort()) {
    const path = `${directory}/${name}`;
    const about = lstatSync(path);
    if (about.isDirectory()) Object.assign(found, { [`${prefix}${name}/`]: '' }, tree(path, `${prefix}${name}/`));
    else if (about.isFile()) found[prefix + name] = readFileSync(path, 'utf8');
    else if (about.isSymbolicLink()) found[prefix + name] = `-> ${readlinkSync(path)}`;
    else found[prefix + name] = about.isFIFO() ? 'fifo' : 'other';
  }
  return found;
}

function expectAnswer<Kind extends ReviewAnswer['kind']>(
  given: ReviewAnswer,
  kind: Kind,
): Extract<ReviewAnswer, { kind: Kind }> {
  assert.equal(given.kind, kind, JSON.stringify(given));
  return given as Extract<ReviewAnswer, { kind: Kind }>;
}

export async function changesOf({ parts }: Pick<Trial, 'parts'>, ...patterns: string[]): Promise<readonly Change[]> {
  return expectAnswer(await answer({ action: 'list', parts, patterns }), 'changes').changes;
}

/** `LETTER path`, the letter of the kind of change. */
export async function summary(of: Pick<Trial, 'parts'>): Promise<string[]> {
  return (await changesOf(of)).map(({ change, path }) => `${change[0]?.toUpperCase()} ${path}`);
}

interface How {
  readonly patterns?: readonly string[];
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

export async function rawApply({ directory, parts }: Trial, how: How = {}): Promise<ReviewAnswer> {
  const { patterns = [], force = false, dryRun = false } = how;
  return await answer({ action: 'apply', directory, parts, patterns, token: TEMPORARY.slice(9), force, dryRun });
}

export async function apply(of: Trial, how: How = {}): Promise<Applied> {
  return expectAnswer(await rawApply(of, how), 'applied').result;
}

export async function conflicts(of: Trial, how: How = {}): Promise<readonly Obstacle[]> {
  return expectAnswer(await rawApply(of, how), 'conflicts').conflicts;
}

export async function discard({ directory, parts }: Trial, ...patterns: string[]): Promise<readonly string[]> {
  return expectAnswer(await answer({ action: 'discard', directory, parts, patterns }), 'discarded').paths;
}
