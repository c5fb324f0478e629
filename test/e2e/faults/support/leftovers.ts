import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';

const PATIENCE = 30_000;

/** Arguments of `sleep` that nobody else uses, so that a process of one test can be found among all. */
export function uniqueDuration(): string {
  return `9${String(process.pid).padStart(7, '0')}.${String(++used).padStart(4, '0')}`;
}
let used = 0;

function pids(): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
}

/** Pids of the host's processes that are `sleep DURATION`. */
export function sleepers(duration: string): number[] {
  return pids()
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8') === `sleep\0${duration}\0`;
      } catch {
        return false; // ended meanwhile
      }
    })
    .map(Number);
}

/** Processes that have a file of the store open: monitors and inits hold their sandbox's lock. */
export function supervisors(store: string): number[] {
  return pids()
    .filter((pid) => {
      try {
        const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
        return open.some((path) => path.startsWith(`${store}/`));
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** Waits until `probe` gives nothing any more: the kernel clears a sandbox away soon, but not at once. */
export async function gone(what: string, probe: () => readonly unknown[]): Promise<void> {
  await eventually(
    `${what} to be gone`,
    () => probe().length === 0,
    () => JSON.stringify(probe()),
  );
}

/** Waits until a condition holds; `again` is done before each further look. */
export async function eventually(
  what: string,
  condition: () => boolean,
  state: () => string = () => '',
  again: () => Promise<void> = async () => {},
): Promise<void> {
  const deadline = Date.now() + PATIENCE;
  while (!condition()) {
    assert(Date.now() < deadline, `waited in vain for ${what}: ${state()}`);
    await again();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** What is left of ephemeral sandboxes in a store. */
export function remains(store: string): string[] {
  return ['runs', 'trash'].flatMap((shelf) =>
    entries(`${store}/${shelf}`)
      .filter((name) => name !== '.gate')
      .map((name) => `${shelf}/${name}`),
  );
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Places where programs forget files. */
function temporaryFiles(): string[] {
  return ['/tmp', '/dev/shm', '/var/tmp'].flatMap((directory) =>
    entries(directory).map((name) => `${directory}/${name}`),
  );
}

function isOf(uid: number, path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.uid === uid;
}

/** Takes note of the host, for `assertNothingLeft`. */
export function snapshot(store: string) {
  return { store, mounts: readFileSync('/proc/self/mounts', 'utf8'), files: new Set(temporaryFiles()) };
}

/** Nothing of the sandboxes of a store may be left: processes, mounts of the host, directories, temporary files. */
export async function assertNothingLeft(before: ReturnType<typeof snapshot>): Promise<void> {
  await gone('monitors and inits', () => supervisors(before.store));
  await gone('the directories of the sandboxes', () => remains(before.store));
  const mounts = new Set(before.mounts.split('\n'));
  const added = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .filter((line) => !mounts.has(line));
  assert.deepEqual(
    added.filter((line) => line.includes(before.store) || line.startsWith('sandbox ')),
    [],
  );
  // Those of other accounts are other tests', and so are those that go by themselves: two files run at once.
  const { uid } = statSync(before.store);
  await gone('temporary files', () => temporaryFiles().filter((path) => !before.files.has(path) && isOf(uid, path)));
}
