import type { AuditDepth } from '../linux/audit-log.ts';
import { OPEN } from '../linux/constants/open.ts';
import { type Address, addressText, isLocal, readAddress } from './address.ts';
import { describeArguments } from './arguments.ts';
import type { AuditLog, AuditRecord } from './log.ts';

/** What has to be known of a sandbox, and of the host, to say what was kept away from it. */
export interface Circumstances {
  readonly rootfs: 'host' | 'directory' | 'image';
  readonly network: 'none' | 'host';
  /** What is written there is meant to be. */
  readonly workspace?: string;
  readonly home: string;
  /** Whether the host has something at a path that its user may see. */
  readonly onHost: (path: string) => boolean;
}

/** A system call that was refused. */
export interface RefusedCall {
  /** `call 123` where it has no name. */
  readonly call: string;
  readonly errno: string;
  /** How often, with whatever arguments. */
  readonly count: number;
  /** What it was asked to do; each once, and no more than EXAMPLES. */
  readonly arguments: readonly string[];
}

/** A connection, an address to listen on, or one that was sent to. */
export interface NetworkUse {
  readonly use: 'connect' | 'bind' | 'sendto';
  readonly address: Address;
  readonly text: string;
  /** The sandbox has no way there. */
  readonly keptAway: boolean;
}

/** What a command asked for. What became of calls that went on is not known: a file may have been there and not readable. */
export interface AuditReport {
  /** Without `everything` or `learn` the lists of files, programs and addresses are empty. */
  readonly depth: AuditDepth;
  readonly refused: readonly RefusedCall[];
  /** Paths that the host has for its user, and the sandbox has not. */
  readonly keptAway: readonly string[];
  /** Files outside the workspace that were to be written, created or cut off. */
  readonly written: readonly string[];
  /** Files that were opened to be read. */
  readonly read: readonly string[];
  readonly programs: readonly string[];
  readonly network: readonly NetworkUse[];
  /** Calls that were not written down for want of room: the lists may lack them, the counts do not. */
  readonly dropped: number;
}

const EXAMPLES = 8;
const OPENING = new Set(['open', 'openat', 'openat2', 'creat']);
const EXECUTING = new Set(['execve', 'execveat']);
/** Part of no file system that could be kept away. */
const KERNEL_FILES = ['/proc', '/sys', '/dev'];

const isBeneath = (path: string, directory: string): boolean =>
  path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`);

/** Gives what a log says, every path and address once, in the order of the first time. */
export function summarise(log: AuditLog, circumstances: Circumstances): AuditReport {
  const wentOn = log.records.filter(({ errno }) => errno === undefined);
  const paths = (of: (record: AuditRecord, path: string, there: boolean) => boolean): string[] => [
    ...new Set(
      wentOn.flatMap((record) =>
        record.about.kind === 'path' && of(record, record.about.path, record.about.there) ? [record.about.path] : [],
      ),
    ),
  ];
  return {
    depth: log.depth,
    refused: refusedCalls(log),
    keptAway: [
      ...new Set([
        ...paths((_, path, there) => !there && isKeptAway(path, circumstances)),
        ...socketPaths(wentOn).filter((path) => isKeptAway(path, circumstances)),
      ]),
    ],
    written: paths(
      (record, path) =>
        opensForWriting(record, log) &&
        ![...KERNEL_FILES, circumstances.workspace ?? '/dev'].some((place) => isBeneath(path, place)),
    ),
    read: paths((record, _, there) => there && OPENING.has(record.name ?? '') && !opensForWriting(record, log)),
    programs: paths((record, _, there) => there && EXECUTING.has(record.name ?? '')),
    network: networkUses(wentOn, circumstances),
    dropped: log.dropped,
  };
}

/** On another system than the host's, only what is the user's own is missed: libraries lie elsewhere there. */
function isKeptAway(path: string, { rootfs, home, onHost }: Circumstances): boolean {
  if (!path.startsWith('/') || KERNEL_FILES.some((place) => isBeneath(path, place))) return false;
  if (path === home || isBeneath(home, path)) return false;
  const isOwn = [home, '/run', '/var/run', '/tmp'].some((place) => isBeneath(path, place) && path !== place);
  return (rootfs === 'host' || isOwn) && onHost(path);
}

function opensForWriting({ name, arguments: values }: AuditRecord, { arch }: AuditLog): boolean {
  if (name === 'creat') return true;
  if (name !== 'open' && name !== 'openat') return false;
  const flags = Number(BigInt.asUintN(32, values[name === 'open' ? 1 : 2] ?? 0n));
  const { O_WRONLY, O_RDWR, O_CREAT, O_TRUNC } = OPEN[arch];
  return (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) !== 0;
}

function refusedCalls({ calls, records }: AuditLog): RefusedCall[] {
  const found = new Map<string, { errno: string; arguments: Set<string> }>();
  const nameOf = ({ name, number }: AuditRecord): string => name ?? `call ${number}`;
  for (const record of records) {
    if (record.errno === undefined) continue;
    const known = found.get(nameOf(record)) ?? { errno: record.errno, arguments: new Set() };
    const text = describeArguments(record);
    if (text !== '' && known.arguments.size < EXAMPLES) known.arguments.add(text);
    found.set(nameOf(record), known);
  }
  const counts = new Map(calls.flatMap(({ name, refused }) => (name === undefined ? [] : [[name, refused] as const])));
  return [...found]
    .map(([call, { errno, arguments: texts }]) => ({
      call,
      errno,
      // Of those without a name only the records are there to be counted.
      count: counts.get(call) ?? records.filter((record) => record.errno && nameOf(record) === call).length,
      arguments: [...texts],
    }))
    .sort((a, b) => b.count - a.count || a.call.localeCompare(b.call));
}

function socketPaths(records: readonly AuditRecord[]): string[] {
  return records.flatMap(({ about, name }) => {
    if (about.kind !== 'address' || about.there || name === 'bind') return [];
    const address = readAddress(about.bytes);
    return address?.family === 'unix' ? [address.path] : [];
  });
}

/** Sockets of services that neither the sandbox nor the host has are left out: C libraries ask for nscd all the time. */
function networkUses(records: readonly AuditRecord[], { network, onHost }: Circumstances): NetworkUse[] {
  const uses = new Map<string, NetworkUse>();
  for (const { about, name } of records) {
    if (about.kind !== 'address' || (name !== 'connect' && name !== 'bind' && name !== 'sendto')) continue;
    const address = readAddress(about.bytes);
    if (address === undefined) continue;
    const text = addressText(address);
    const key = `${name} ${address.family} ${text}`;
    const keptAway =
      address.family === 'unix' ? !about.there && name !== 'bind' : network === 'none' && !isLocal(address);
    if (address.family === 'unix' && keptAway && !onHost(address.path)) continue;
    if (!uses.has(key)) uses.set(key, { use: name, address, text, keptAway });
  }
  return [...uses.values()];
}
