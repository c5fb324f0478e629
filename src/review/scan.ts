import { decodeBytes } from '../linux/bytes.ts';
import { fromLatin1 } from '../linux/paths.ts';
import { attributesOf, differences, type Entry, openEntry, sameAttributes } from './compare.ts';
import { entriesOf, isOpaqueDirectory, type LayerEntry, lowerDirectories, lowerEntry, lowerNames } from './layers.ts';
import type { Aspect, Change, ChangeKind } from './model.ts';
import { isOwnPlace, type OpenPart } from './open-part.ts';
import { below, bornAt, calls, done, kindOf, look, modeOf, namesIn, openBelow, type Status, within } from './tree.ts';
import { warningsOf } from './warnings.ts';

/** A change, with what it takes to apply or discard it. */
export interface Found {
  readonly in: OpenPart;
  /** Below the part's directories, Latin-1. */
  readonly relative: string;
  /** The shown path: what patterns are matched with. */
  readonly path: string;
  readonly change: Change;
  /** The entry in the upper directory; undefined: it is missing from a directory that hides all below it. */
  readonly status: Status | undefined;
  /** Its name there, if it is another: `.wh.NAME`. */
  readonly stored: string;
  /** When the sandbox made it so, in nanoseconds. */
  readonly since: bigint;
}

interface Frame {
  readonly path: string;
  readonly upper: number;
  /** Directories below that are merged with it. */
  readonly lowers: readonly number[];
  readonly isOpaque: boolean;
  readonly since: bigint;
  readonly names: string[];
  readonly entries: ReadonlyMap<string, LayerEntry>;
}

/** A file with several names that was copied up and is as it was: new names of it may be changes. */
export type OnSame = (open: OpenPart, relative: string, status: Status) => void;

/** Lists all changes of a part: directories before what is in them, else by name. Throws a ReviewError. */
export function scan(open: OpenPart, onSame: OnSame = () => {}): Found[] {
  const { files } = calls();
  const found: Found[] = [];
  const stack: Frame[] = [topFrame(open)];
  const leave = (frame: Frame): void => {
    for (const descriptor of [frame.upper, ...frame.lowers]) files.close(descriptor);
  };
  try {
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const name = top.names.shift();
      if (name === undefined) {
        stack.pop();
        leave(top);
        continue;
      }
      const inside = visit(open, top, name, found, onSame);
      if (inside !== undefined) stack.push(inside);
    }
  } finally {
    for (const frame of stack) leave(frame);
  }
  return found;
}

function topFrame(open: OpenPart): Frame {
  const upper = done(openBelow(open.upper, '.', 'read'), 'open', open.part.upper);
  const lowers = open.lowers.flatMap((lower) => {
    const readable = openBelow(lower, '.', 'read');
    return readable >= 0 ? [readable] : [];
  });
  return frameOf('', upper, lowers, { since: 0n, isCovered: false });
}

/** `isCovered`: the directory that it lies in hides what is below, and so does this one, which overlayfs does not mark. */
function frameOf(
  path: string,
  upper: number,
  lowers: readonly number[],
  { since, isCovered }: { readonly since: bigint; readonly isCovered: boolean },
): Frame {
  const entries = new Map(entriesOf(upper).map((entry) => [entry.name, entry]));
  const isOpaque = isCovered || isOpaqueDirectory(upper);
  const names = new Set(entries.keys());
  if (isOpaque) for (const name of lowerNames(lowers)) names.add(name);
  return { path, upper, lowers, isOpaque, since, names: [...names].sort(), entries };
}

/** Notes what one entry is; gives the directory to go on with. */
function visit(open: OpenPart, frame: Frame, name: string, found: Found[], onSame: OnSame): Frame | undefined {
  const relative = below(frame.path, name);
  const entry = frame.entries.get(name);
  const before = lowerEntry(frame.lowers, name);
  if (entry === undefined || entry.hides) {
    if (before !== undefined && !isGone(open, relative)) found.push(deletion(open, frame, relative, before, entry));
    return undefined;
  }
  const now: Entry = { directory: frame.upper, name: entry.stored, status: entry.status };
  const kind = kindOf(entry.status);
  const was = before === undefined ? undefined : kindOf(before.status);
  const aspects = before !== undefined && was === kind ? aspectsOf(open, frame, now, before) : [];
  const change: ChangeKind | undefined =
    before === undefined ? 'added' : was !== kind ? 'type' : aspects.length > 0 ? 'modified' : undefined;
  const isOurs = change === 'added' && isMadeByUs(open, relative, entry.status);
  if (change !== undefined && !isOurs) found.push(changed(open, relative, change, now, before, aspects));
  if (change === undefined && kind === 'file' && entry.status.nlink > 1n) onSame(open, relative, entry.status);
  if (kind !== 'directory') return undefined;
  const upper = done(openBelow(frame.upper, name, 'read'), 'open', relative);
  const lowers = was === 'directory' ? lowerDirectories(frame.lowers, name) : [];
  return frameOf(relative, upper, lowers, { since: bornAt(entry.status), isCovered: frame.isOpaque });
}

/** The skeleton may still have what the host has not. */
function isGone({ host, part }: OpenPart, relative: string): boolean {
  if (host === undefined || !part.hostIsLower) return false;
  return hostStatus(host, relative) === undefined;
}

function hostStatus(host: number, relative: string): Status | undefined {
  const slash = relative.lastIndexOf('/');
  return within(host, slash === -1 ? '.' : relative.slice(0, slash), 'stand', (at) =>
    look(at, relative.slice(slash + 1)),
  );
}

/** A directory is unchanged if it is as any of the layers has it: the skeleton, or the host itself. */
function aspectsOf({ part }: OpenPart, frame: Frame, now: Entry, before: Entry): Aspect[] {
  const options = { owners: part.hasOwners };
  const first = differences(now, before, options);
  if (first.length === 0 || kindOf(now.status) !== 'directory') return first;
  for (const directory of frame.lowers) {
    const status = look(directory, now.name);
    if (status === undefined || kindOf(status) !== 'directory') continue;
    if (differences(now, { directory, name: now.name, status }, options).length === 0) return [];
  }
  return first;
}

/** Empty files and directories that were made to mount on, and directories that the host has where the sandbox had none. */
function isMadeByUs({ part, host }: OpenPart, relative: string, status: Status): boolean {
  const isEmptyFile = status.isFile() && status.size === 0n;
  if ((status.isDirectory() || isEmptyFile) && isOwnPlace(part, fromLatin1(relative))) return true;
  if (host === undefined || part.hostIsLower || !status.isDirectory()) return false;
  return hostStatus(host, relative)?.isDirectory() === true;
}

function shown({ part }: OpenPart, relative: string): string {
  const path = fromLatin1(relative);
  return part.place === '' ? path : `${part.place === '/' ? '' : part.place}/${path}`;
}

function changed(
  open: OpenPart,
  relative: string,
  change: ChangeKind,
  now: Entry,
  before: Entry | undefined,
  aspects: readonly Aspect[],
): Found {
  const { status } = now;
  const kind = kindOf(status);
  const path = shown(open, relative);
  const link = kind === 'symlink' ? calls().files.readlinkat(now.directory, now.name) : undefined;
  const target = typeof link === 'string' ? decodeBytes(Buffer.from(link, 'latin1')) : undefined;
  const refusal = refusalOf(open, kind);
  const about = {
    path,
    change,
    kind,
    ...(change === 'type' && before !== undefined ? { was: kindOf(before.status) } : {}),
    size: kind === 'file' ? Number(status.size) : 0,
    ...(before !== undefined && kindOf(before.status) === 'file' ? { oldSize: Number(before.status.size) } : {}),
    aspects,
    mode: modeOf(status),
    ...(before === undefined ? {} : { oldMode: modeOf(before.status) }),
    ...(target === undefined ? {} : { target }),
  };
  const warnings = [...warningsOf(about), ...capabilityWarning(now)];
  return {
    in: open,
    relative,
    path,
    change: { ...about, warnings, ...(refusal === undefined ? {} : { refusal }) },
    status,
    stored: now.name,
    since: bornAt(status),
  };
}

function refusalOf({ host }: OpenPart, kind: Change['kind']): string | undefined {
  if (host === undefined) return 'it belongs to the root file system of the sandbox, not to the host';
  return kind === 'device' || kind === 'socket' ? `a ${kind} is never applied` : undefined;
}

function capabilityWarning(now: Entry): string[] {
  if (kindOf(now.status) !== 'file') return [];
  const file = openEntry(now);
  if (file < 0) return [];
  try {
    const none = sameAttributes(attributesOf(file, /^security\.capability$/), new Map());
    return none ? [] : ['its file capabilities are never applied'];
  } finally {
    calls().files.close(file);
  }
}

function deletion(open: OpenPart, frame: Frame, relative: string, before: Entry, entry: LayerEntry | undefined): Found {
  const path = shown(open, relative);
  const kind = kindOf(before.status);
  const whole = kind === 'directory' ? measureAll(open, frame, before) : undefined;
  const refusal = open.host === undefined ? refusalOf(open, kind) : undefined;
  return {
    in: open,
    relative,
    path,
    change: {
      path,
      change: 'deleted',
      kind,
      size: whole?.size ?? (kind === 'file' ? Number(before.status.size) : 0),
      ...(whole === undefined ? {} : { files: whole.files }),
      aspects: [],
      mode: modeOf(before.status),
      warnings: [],
      ...(refusal === undefined ? {} : { refusal }),
    },
    status: entry?.status,
    stored: entry?.stored ?? before.name,
    since: entry === undefined ? frame.since : bornAt(entry.status),
  };
}

/** The host's directory has all that its skeleton has. */
function measureAll({ part }: OpenPart, { lowers }: Frame, { name }: Entry): { size: number; files: number } {
  const layers = part.hostIsLower ? lowers.slice(-1) : lowers;
  const each = layers.map((directory) => measure(directory, name));
  return each.reduce((sum, { size, files }) => ({ size: sum.size + size, files: sum.files + files }), {
    size: 0,
    files: 0,
  });
}

/** How much lies in a directory of a layer; what may not be read is not counted. */
function measure(directory: number, name: string): { size: number; files: number } {
  const { files: fileCalls } = calls();
  let size = 0;
  let files = 0;
  const pending = [name];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const at = openBelow(directory, path, 'read');
    if (at < 0) continue;
    try {
      for (const child of namesIn(at)) {
        const status = look(at, child);
        if (status === undefined) continue;
        if (status.isDirectory()) pending.push(`${path}/${child}`);
        else files += 1;
        if (status.isFile()) size += Number(status.size);
      }
    } finally {
      fileCalls.close(at);
    }
  }
  return { size, files };
}
