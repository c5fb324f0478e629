import { didYouMean } from '../../config/did-you-mean.ts';
import { RLIMIT } from '../../linux/constants/resource.ts';
import type { DeviceRate } from '../../linux/group-limits.ts';
import type { ResourceLimit } from '../../plan/spec.ts';
import { quoted, unexpected } from '../arguments/usage-error.ts';
import { parseByteSize } from './byte-size.ts';

function parseWhole(text: string, least: number, most: number, what: string): number {
  const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!(number >= least && number <= most)) throw unexpected(what, text);
  return number;
}

/** Takes `512m` and gives bytes. A sandbox does not start in less than some hundred kB. Throws UsageError. */
export function parseMemory(text: string): number {
  const bytes = parseByteSize(text);
  if (bytes < 2 ** 19) throw unexpected('at least 512k', text);
  return bytes;
}

/** The same, or -1 for no limit. */
export function parseMemorySwap(text: string): number {
  return text === '-1' ? -1 : parseByteSize(text);
}

/** Takes processors, `1.5`. */
export function parseCpus(text: string): number {
  const cpus = /^\d{1,5}(\.\d{1,6})?$/.test(text) ? Number(text) : 0;
  if (cpus < 0.01) throw unexpected('a number of processors such as 1.5, at least 0.01', text);
  return cpus;
}

/** Takes a weight of cgroup v2: 1 to 10000, 100 for what says nothing. */
export function parseWeight(text: string): number {
  return parseWhole(text, 1, 10_000, 'a weight from 1 to 10000 (100 is what others have)');
}

/** Takes podman's `--cpu-shares`, 2 to 262144, and gives cgroup v2's weight: crun, convert_shares_to_weight(). */
export function parseCpuShares(text: string): number {
  const shares = parseWhole(text, 2, 262_144, 'shares from 2 to 262144 (1024 is what others have)');
  return 1 + Math.floor(((shares - 2) * 9999) / 262_142);
}

/** Takes podman's `--blkio-weight`, 10 to 1000, and gives cgroup v2's weight: crun, write_blkio_v2_resources(). */
export function parseBlkioWeight(text: string): number {
  const weight = parseWhole(text, 10, 1000, 'a weight from 10 to 1000');
  return 1 + Math.floor(((weight - 10) * 9999) / 990);
}

/** Takes a number of processes; 0 and -1 for no limit, as podman has it. */
export function parsePids(text: string): number {
  if (text === '-1' || text === '0') return -1;
  return parseWhole(text, 1, 4_194_304, 'a number of processes, or -1 for no limit');
}

/** Takes seconds, `30` or `1.5`; 0 for no limit gives undefined, as podman has it. */
export function parseTimeout(text: string): number | undefined {
  const seconds = /^\d{1,9}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(seconds)) throw unexpected('seconds such as 30', text);
  return seconds === 0 ? undefined : seconds;
}

/** Gives a parser of `DEVICE:RATE`, `/dev/sda:10mb`; the rate in bytes or in operations a second. */
export function deviceRate(kind: DeviceRate['kind']): (text: string) => DeviceRate {
  const isBytes = kind === 'rbps' || kind === 'wbps';
  return (text) => {
    const colon = text.lastIndexOf(':');
    const device = text.slice(0, colon);
    if (colon === -1 || !device.startsWith('/')) {
      throw unexpected(isBytes ? 'DEVICE:RATE such as /dev/sda:10m' : 'DEVICE:RATE such as /dev/sda:1000', text);
    }
    const unsafeRate = text.slice(colon + 1);
    const what = 'a number of operations a second';
    const rate = isBytes ? parseByteSize(unsafeRate) : parseWhole(unsafeRate, 1, 2 ** 40, what);
    return { device, kind, rate };
  };
}

/** `--ulimit host`: as on the host, which they are. */
export type UlimitRequest = ResourceLimit | 'host';

/** Takes `NAME=SOFT[:HARD]`, podman-run(1); -1 or `unlimited` for no limit. Throws UsageError. */
export function parseUlimit(text: string): UlimitRequest {
  if (text === 'host') return 'host';
  const match = /^([^=]+)=(-1|unlimited|\d{1,15})(?::(-1|unlimited|\d{1,15}))?$/.exec(text);
  if (!match) throw unexpected('NAME=SOFT[:HARD] such as nofile=1024:2048, or host', text);
  const [, typed = '', softText = '', hardText = softText] = match;
  const name = typed.toUpperCase().replace(/^RLIMIT_/, '');
  if (!Object.hasOwn(RLIMIT, name)) {
    const names = Object.keys(RLIMIT).map((each) => each.toLowerCase());
    const nearest = didYouMean(name.toLowerCase(), names);
    throw unexpected(`one of ${names.join(', ')}`, typed, nearest && `did you mean ${nearest}?`);
  }
  const value = (each: string): number => (each === 'unlimited' || each === '-1' ? -1 : Number(each));
  const [soft, hard] = [value(softText), value(hardText)];
  if (hard !== -1 && (soft === -1 || soft > hard)) {
    throw unexpected(`a soft limit of ${quoted(name.toLowerCase())} that is not above its hard one`, text);
  }
  return { name, soft, hard };
}
