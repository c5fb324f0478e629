import { parse, TomlError } from 'smol-toml';
import { locateKey } from '../../config/locate-key.ts';
import { parseReference } from '../../image/reference.ts';
import { type Digest, parseDigest } from '../../store/digest.ts';
import { ProjectError } from '../error.ts';
import { LOCK_VERSION } from './format.ts';
import type { Lock, LockedImage, LockedStep, PlatformText } from './lock.ts';

type Json = Readonly<Record<string, unknown>>;

const PLATFORM = /^linux\/[a-z0-9]+(?:\/[a-z0-9]+)?$/;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const MARKER = /^(?:<{7}|={7}|>{7}|\|{7})(?: |\r?$)/m;
const MEND =
  'do not edit it by hand: put it back as it was (`git checkout sandbox.lock`), or remove it and run `sandbox lock`';

/** Reads one file, and says where in it something is wrong. */
class Reader {
  readonly #text: string;
  readonly #path: string;

  constructor(text: string, path: string) {
    this.#text = text;
    this.#path = path;
  }

  at(line: number, column: number, what: string, hint = MEND): ProjectError {
    return new ProjectError('LOCK', `${this.#path}:${line}:${column}: ${what}`, { hint });
  }

  wrong(key: readonly string[], what: string, hint?: string): ProjectError {
    // What is missing has no place of its own: its block has.
    const place = locateKey(this.#text, key) ?? locateKey(this.#text, key.slice(0, -1)) ?? { line: 1, column: 1 };
    return this.at(place.line, place.column, what, hint);
  }

  document(): Json {
    const marker = MARKER.exec(this.#text);
    if (marker !== null) {
      const line = this.#text.slice(0, marker.index).split('\n').length;
      throw this.at(line, 1, 'a merge has left a conflict here', 'run `sandbox lock`: it takes our side and mends it');
    }
    try {
      return parse(this.#text);
    } catch (error) {
      if (!(error instanceof TomlError)) throw error;
      const [what = ''] = error.message.split('\n');
      throw this.at(error.line, error.column, what);
    }
  }

  object(value: unknown, key: readonly string[]): Json {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
    throw this.wrong(key, `${key.join('.')} is to be a table`);
  }

  blocks(value: unknown, key: string): Array<readonly [block: Json, path: readonly string[]]> {
    if (value === undefined) return [];
    if (!Array.isArray(value)) throw this.wrong([key], `[[${key}]] is to be written with two brackets`);
    return value.map((each: unknown, at) => {
      const path = [key, String(at)];
      return [this.object(each, path), path];
    });
  }

  string(block: Json, path: readonly string[], key: string, rule = (_: string): boolean => true): string {
    const { [key]: value } = block;
    if (value === undefined) throw this.wrong([...path, key], `this block has no \`${key}\``);
    if (typeof value === 'string' && rule(value)) return value;
    throw this.wrong([...path, key], `${key}: ${JSON.stringify(value)} does not do`);
  }

  digest(block: Json, path: readonly string[], key: string): Digest {
    const digest = parseDigest(block[key]);
    if (digest !== undefined) return digest;
    if (block[key] === undefined) throw this.wrong([...path, key], `this block has no \`${key}\``);
    throw this.wrong([...path, key], `${key}: this is no digest: sha256: and 64 hexadecimal digits are`);
  }

  /** What is not one of `known` is to be a platform. */
  platforms(block: Json, path: readonly string[], known: readonly string[]): Map<PlatformText, Digest> {
    const digests = new Map<PlatformText, Digest>();
    for (const key of Object.keys(block)) {
      if (known.includes(key)) continue;
      if (!PLATFORM.test(key)) throw this.wrong([...path, key], `unknown key ${JSON.stringify(key)}`);
      digests.set(key, this.digest(block, path, key));
    }
    return digests;
  }
}

function isReference(text: string): boolean {
  try {
    parseReference(text);
    return true;
  } catch {
    return false;
  }
}

function readImages(reader: Reader, value: unknown): Map<string, LockedImage> {
  const images = new Map<string, LockedImage>();
  for (const [block, path] of reader.blocks(value, 'image')) {
    const written = reader.string(block, path, 'image', (text) => text !== '');
    if (images.has(written))
      throw reader.wrong([...path, 'image'], `the image ${JSON.stringify(written)} is here twice`);
    const name = reader.string(block, path, 'name', isReference);
    const index = block.index === undefined ? undefined : reader.digest(block, path, 'index');
    const platforms = reader.platforms(block, path, ['image', 'name', 'index']);
    if (platforms.size === 0) throw reader.wrong([...path, 'platforms'], 'this image has no digest for any platform');
    images.set(written, { name, ...(index === undefined ? {} : { index }), platforms });
  }
  return images;
}

function readSteps(reader: Reader, value: unknown): Map<string, LockedStep[]> {
  const steps = new Map<string, LockedStep[]>();
  for (const [block, path] of reader.blocks(value, 'step')) {
    const environment = reader.string(block, path, 'environment', (text) => NAME.test(text));
    const list = steps.get(environment) ?? [];
    if (block.number !== list.length + 1) {
      const isTwice = typeof block.number === 'number' && block.number >= 1 && block.number <= list.length;
      const of = `of the environment ${JSON.stringify(environment)}`;
      const what = isTwice ? `step ${block.number} ${of} is here twice` : `step ${list.length + 1} ${of} is to be here`;
      throw reader.wrong([...path, 'number'], what);
    }
    const name = reader.string(block, path, 'name', (text) => text !== '');
    const recipe = reader.digest(block, path, 'recipe');
    const inputs = block.inputs === undefined ? undefined : reader.digest(block, path, 'inputs');
    const results = reader.platforms(block, path, ['environment', 'number', 'name', 'recipe', 'inputs']);
    list.push({ name, recipe, ...(inputs === undefined ? {} : { inputs }), results });
    steps.set(environment, list);
  }
  return steps;
}

/** Takes the text of sandbox.lock and its path, for messages. Throws a ProjectError of code LOCK. */
export function parseLock(text: string, path: string): Lock {
  const reader = new Reader(text, path);
  const document = reader.document();
  const { version } = document;
  if (typeof version === 'number' && version > LOCK_VERSION) {
    throw reader.wrong(
      ['version'],
      `it was written by a newer sandbox: it has version ${version}, and this one knows ${LOCK_VERSION}`,
      'update `sandbox`; what it says cannot be kept to with this one',
    );
  }
  if (version === undefined) throw reader.at(1, 1, 'it does not say which version it has');
  if (version !== LOCK_VERSION) throw reader.wrong(['version'], `version ${JSON.stringify(version)} is not known`);
  for (const key of Object.keys(document)) {
    if (!['version', 'image', 'step'].includes(key)) throw reader.wrong([key], `unknown key ${JSON.stringify(key)}`);
  }
  return { images: readImages(reader, document.image), steps: readSteps(reader, document.step) };
}

/** Whether a text that may be broken elsewhere calls itself of a version that is not known yet. */
export function isOfLaterVersion(text: string): boolean {
  return Number(/^version = (\d+)$/m.exec(text)?.[1] ?? LOCK_VERSION) > LOCK_VERSION;
}

/** Takes a text and gives our side of each conflict that a merge has left in it; undefined where it has none. */
export function oursOf(text: string): string | undefined {
  if (!MARKER.test(text)) return undefined;
  let side: 'both' | 'ours' | 'theirs' = 'both';
  const kept: string[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('<<<<<<<')) side = 'ours';
    else if (line.startsWith('|||||||') || line.startsWith('=======')) side = 'theirs';
    else if (line.startsWith('>>>>>>>')) side = 'both';
    else if (side !== 'theirs') kept.push(line);
  }
  return kept.join('\n');
}
