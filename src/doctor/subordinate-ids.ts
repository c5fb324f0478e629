import { countIds, type IdRange, parseSubids } from '../linux/subid.ts';
import { familyOf, installUidmap } from './distribution.ts';
import type { Finding } from './finding.ts';
import { mountOf, type Probe, statusField } from './probe.ts';

/** What images expect: ids 0..65535, of which 0 is the user's own. */
const ENOUGH = 65_535;
const BLOCK = 65_536;
const FIRST = 100_000;
const COMMON = { id: 'subordinate-ids', title: 'Subordinate ids' };

interface OwnedRange extends IdRange {
  readonly who: string;
}

/** All lines of /etc/subuid or /etc/subgid (subuid(5)). */
function allRanges(text: string): OwnedRange[] {
  return text.split('\n').flatMap((line) => {
    const [who, start, count] = line.trim().split(':');
    if (!who || !/^\d{1,10}$/.test(start ?? '') || !/^\d{1,10}$/.test(count ?? '')) return [];
    return [{ who, start: Number(start), count: Number(count) }];
  });
}

/** Gives the start of a block that nobody has, behind everything that is given away in either file. */
export function freeStart(...files: readonly string[]): number {
  const ends = files.flatMap(allRanges).map((range) => range.start + range.count);
  return Math.max(FIRST, ...ends);
}

function addRanges(probe: Probe, subuid: string, subgid: string): string {
  const start = freeStart(subuid, subgid);
  const range = `${start}-${start + BLOCK - 1}`;
  // busybox has no usermod with these options.
  if (familyOf(probe) === 'alpine')
    return `echo '${probe.userName}:${start}:${BLOCK}' | sudo tee -a /etc/subuid /etc/subgid`;
  return `sudo usermod --add-subuids ${range} --add-subgids ${range} ${probe.userName}`;
}

function overlapOf(text: string, probe: Probe): string | undefined {
  const owners = new Set([probe.userName, String(probe.uid)]);
  const ranges = allRanges(text);
  for (const own of ranges.filter((range) => owners.has(range.who))) {
    const other = ranges.find(
      (range) => !owners.has(range.who) && range.start < own.start + own.count && own.start < range.start + range.count,
    );
    if (other) return other.who;
  }
  return undefined;
}

function limited(detail: string, remedy: string): Finding[] {
  const effect = 'only your own id can be mapped: all files inside belong to one user';
  return [{ ...COMMON, state: 'warning', detail: `${detail}; ${effect}`, remedy }];
}

/** newuidmap gains its rights by exec: no_new_privs (prctl(2)) and a nosuid mount take them away. */
function powerless(probe: Probe, program: string): Finding[] | undefined {
  if (statusField(probe, 'NoNewPrivs') === '1') {
    return limited(
      'no_new_privs is set for this process, so newuidmap has no effect',
      'start it from an ordinary session, not from a service or an editor that is itself confined',
    );
  }
  const mount = mountOf(probe, program);
  if (mount?.options.includes('nosuid')) {
    return limited(
      `${mount.mountPoint} is mounted nosuid, so ${program} has no effect`,
      `sudo mount -o remount,suid ${mount.mountPoint}`,
    );
  }
  return undefined;
}

/** Whether ids besides the own can be mapped: newuidmap(1), subuid(5). */
export function checkSubordinateIds(probe: Probe): Finding[] {
  const newuidmap = probe.findProgram('newuidmap');
  const newgidmap = probe.findProgram('newgidmap');
  const subuid = probe.read('/etc/subuid') ?? '';
  const subgid = probe.read('/etc/subgid') ?? '';
  const owner = { uid: probe.uid, name: probe.userName };
  const uids = parseSubids(subuid, owner);
  const gids = parseSubids(subgid, owner);
  const missing = [
    ...(newuidmap && newgidmap ? [] : ['newuidmap and newgidmap are not installed']),
    ...(uids.length > 0 ? [] : [`${probe.userName} has no line in /etc/subuid`]),
    ...(gids.length > 0 ? [] : [`${probe.userName} has no line in /etc/subgid`]),
  ];
  if (newuidmap === undefined || missing.length > 0) {
    const install = newuidmap && newgidmap ? [] : [installUidmap(familyOf(probe))];
    const add = uids.length > 0 && gids.length > 0 ? [] : [addRanges(probe, subuid, subgid)];
    return limited(missing.join(', '), [...install, ...add].join('\n'));
  }
  const helpless = powerless(probe, newuidmap);
  if (helpless) return helpless;
  const count = Math.min(countIds(uids), countIds(gids));
  if (count < ENOUGH) {
    return [
      {
        ...COMMON,
        state: 'warning',
        detail: `only ${count} of ${ENOUGH}: files of users with higher ids cannot be unpacked`,
        remedy: addRanges(probe, subuid, subgid),
      },
    ];
  }
  const shared = overlapOf(subuid, probe) ?? overlapOf(subgid, probe);
  if (shared !== undefined) {
    return [
      {
        ...COMMON,
        state: 'warning',
        detail: `your ids are also those of ${shared}: the sandboxes of both can change each other's files`,
        remedy: `give one of you other ids in /etc/subuid and /etc/subgid, from ${freeStart(subuid, subgid)} on`,
      },
    ];
  }
  return [{ ...COMMON, state: 'ok', detail: `${count} ids, mapped by ${newuidmap}` }];
}
