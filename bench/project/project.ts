import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import type { Account } from '../ground/account.ts';
import type { Ground } from '../ground/ground.ts';
import { refusal } from '../measure/process.ts';

/** A directory of the account's with a sandbox.toml. */
export interface BenchProject {
  readonly directory: string;
  readonly account: Account;
  /** Why it cannot be measured. */
  readonly reason: string | undefined;
}

/** Makes a project and prepares it with the commands of `sandbox` that are given, in order. */
export function makeProject(
  { sandbox }: Ground,
  account: Account,
  name: string,
  { toml, prepare }: { readonly toml: string; readonly prepare: ReadonlyArray<readonly string[]> },
): BenchProject {
  const directory = `${account.home}/${name}`;
  mkdirSync(directory, { recursive: true });
  chownSync(directory, account.uid, account.gid);
  writeFor(account, `${directory}/sandbox.toml`, toml);
  let reason: string | undefined;
  for (const words of prepare) reason ??= refusal({ argv: [sandbox, ...words], account, cwd: directory });
  return { directory, account, reason };
}

/** Writes a file that belongs to the account. */
export function writeFor({ uid, gid }: Account, path: string, text: string): void {
  writeFileSync(path, text);
  chownSync(path, uid, gid);
}

/** Twelve setup steps that need no network: a few dozen files each. `mark` makes them differ from those of another run. */
export function twelveScripts(mark: string): string[] {
  return Array.from({ length: 12 }, (_, at) => {
    const place = `/opt/step-${at + 1}`;
    return `mkdir -p ${place} && for i in $(seq 40); do echo "${mark} $i" > ${place}/file-$i; done && cp /etc/services ${place}/ || true`;
  });
}

/** A sandbox.toml with these steps. */
export function tomlOf(image: string, scripts: readonly string[], more = ''): string {
  const steps = scripts.map((script) => `[[steps]]\nrun = ${JSON.stringify(script)}\n`);
  return `image = ${JSON.stringify(image)}\nnetwork = "none"\n${more}\n${steps.join('\n')}`;
}
