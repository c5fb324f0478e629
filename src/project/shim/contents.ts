import { configPath } from '../../config/load.ts';
import { LOCAL_FILE, LOCK_FILE, PROJECT_FILE } from '../find.ts';
import { readProjectFile } from '../project-file.ts';
import { type Stamp, stampOf } from '../stamp.ts';

/** File systems tell times by the kernel's tick: what is changed again within one looks the same (stamp.ts). */
const SETTLED_MS = 60;
const NAMES = [PROJECT_FILE, LOCAL_FILE, LOCK_FILE];

/** Gives what the files say that decide about a project's environments, as hexadecimal digits. */
export function contentsOf(directory: string): string {
  const { createHash } = process.getBuiltinModule('node:crypto');
  const hash = createHash('sha256');
  for (const name of NAMES) {
    const content = readIfAny(`${directory}/${name}`);
    hash.update(`${content?.length ?? '-'}\n`).update(content ?? '');
  }
  return hash.digest('hex');
}

function readIfAny(path: string): Buffer | undefined {
  try {
    return readProjectFile(path);
  } catch {
    // What cannot be read has no content that anything was made of.
    return undefined;
  }
}

/** What the files of a project looked like and said at the same time. */
export interface SettledContents {
  /** Of these files, and of the configuration. */
  readonly stamps: readonly Stamp[];
  /** As of contentsOf. */
  readonly contents: string;
  /** Of config.toml, which has profiles for directories. */
  readonly config: Stamp;
}

/** Gives the stamp of the user's configuration. */
export function stampOfConfig(): Stamp {
  return stampOf(configPath(process.env));
}

/** Gives the files' stamps and contents, as they are while nobody changes them. */
export async function settledContents(directory: string): Promise<SettledContents> {
  for (;;) {
    const config = stampOfConfig();
    const stamps = [...NAMES.map((name) => stampOf(`${directory}/${name}`)), config];
    const changed = Math.max(0, ...stamps.map(({ state }) => Number(BigInt(state.split(' ')[3] ?? 0) / 1_000_000n)));
    const wait = changed + SETTLED_MS - Date.now();
    if (wait > 0) await new Promise((resolve) => void setTimeout(resolve, Math.min(wait, SETTLED_MS)));
    const contents = contentsOf(directory);
    if (stamps.every(({ path, state }) => stampOf(path).state === state)) return { stamps, contents, config };
  }
}
