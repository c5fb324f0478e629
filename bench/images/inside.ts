import { type Goal, ratioGoal, type Section } from '../goals.ts';
import { SEARCH_PATH } from '../ground/account.ts';
import type { Ground } from '../ground/ground.ts';
import { measureInTurns } from '../measure/interleaved.ts';
import { type Command, output } from '../measure/process.ts';
import type { Candidate } from '../peers/candidate.ts';
import type { Result } from '../sections.ts';
import { AS_ROOT, type Beds, cleaner } from './beds.ts';

/** Ten thousand files of half a kilobyte to three, in a hundred directories; the same each time. */
const MAKE_FILES = `mkdir /files && cd /files && for d in $(seq 100); do
  mkdir $d && for f in $(seq 100); do
    yes "file $d/$f" | head -n $((40 + (d * f) % 200)) > $d/$f.txt
  done
done`;

const GIT = 'git -c core.fsync=none -c gc.auto=0';

interface Work {
  readonly title: string;
  readonly before: string;
  readonly script: string;
}

const WORKS: readonly Work[] = [
  // Directories that were never opened since the root file system was mounted cost more, once.
  { title: 'find /', before: 'find / -xdev > /dev/null 2>&1', script: 'find / -xdev' },
  {
    title: 'git add, 10,000 files',
    before: 'rm -rf /files/.git; git init -q /files; cat /files/*/* > /dev/null; sync -f /files',
    script: `${GIT} -C /files add .`,
  },
  {
    title: '1 GB written',
    before: 'rm -f /large; sync -f /',
    script: 'dd if=/dev/zero of=/large bs=1M count=1000',
  },
];

/** Work with files, timed from within: on an image in a sandbox, and on the same tree on the host. */
export function workInside(ground: Ground, beds: Beds, runs: number): Result[] {
  const open = [ours(ground, beds), host(ground, beds)];
  const results = WORKS.map(({ title, before, script }) => {
    const timed = `${before}; a=$(date +%s%N); { ${script}; } >/dev/null 2>&1 || exit 1; b=$(date +%s%N); echo $((b - a))`;
    const [own, peer] = open.map(({ name, enter, reason }): Candidate => {
      if (enter === undefined) return { name: `${title}, ${name}`, command: undefined, reason };
      return { name: `${title}, ${name}`, command: enter(timed), measure: (command) => Number(output(command)) / 1e6 };
    });
    const candidates = [own, peer].filter((each) => each !== undefined);
    const section: Section = {
      title: `Inside an image: ${title}`,
      unit: 'ms',
      outcomes: measureInTurns(candidates, runs, 1),
      reference: peer?.name ?? '',
    };
    const goals: Goal[] = [ratioGoal(section, own?.name ?? '', peer?.name ?? '', [1.2, 1.05])];
    return { section, goals };
  });
  cleaner(ground, `${ground.full.home}/inside`)();
  return results;
}

interface Place {
  readonly name: string;
  /** Gives the command that runs a shell script there. */
  readonly enter: ((script: string) => Command) | undefined;
  readonly reason: string;
}

/** A sandbox that keeps its changes, with the files in it. */
function ours({ sandbox, full }: Ground, { host: registry }: Beds): Place {
  const env = { XDG_DATA_HOME: `${full.home}/inside` };
  const shell = [sandbox, 'shell', '--name', 'inside', '--network', 'none', '--workspace', 'none'];
  const enter = (script: string): Command => ({ argv: [...shell, '--', 'sh', '-c', script], account: full, env });
  return attempt('in a sandbox', enter, () => {
    const image = `${registry}/bigapp:1`;
    output({ argv: [sandbox, 'image', 'pull', '--quiet', image], account: full, env });
    output({ argv: [...shell, image, '--', 'sh', '-c', MAKE_FILES], account: full, env });
  });
}

/** The tree that umoci unpacked: the same programs on the same files, with nothing between them and the disk. */
function host({ full }: Ground, { tree }: Beds): Place {
  const mounts = 'mount --rbind /dev "$0/dev" && exec chroot "$0" sh -c "$1"';
  const enter = (script: string): Command => ({
    argv: [...AS_ROOT, '--mount', 'sh', '-c', mounts, tree ?? '', script],
    account: full,
    env: { HOME: '/root', PATH: SEARCH_PATH },
  });
  return attempt('on the host', enter, () => {
    if (tree === undefined) throw new Error('umoci is not installed');
    output(enter(MAKE_FILES));
  });
}

function attempt(name: string, enter: (script: string) => Command, prepare: () => void): Place {
  try {
    prepare();
    return { name, enter, reason: '' };
  } catch (error) {
    return { name, enter: undefined, reason: error instanceof Error ? error.message : String(error) };
  }
}
