import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { currentDirectory } from '../../linux/proc-self.ts';
import { findProject } from '../../project/find.ts';
import { shimPath } from '../../project/shim/files.ts';
import { digestOfProject } from '../../project/trust/digest.ts';
import { isTrusted } from '../../project/trust/record.ts';
import { ensureProjectPath, projectId, writeAside } from '../../store/projects.ts';
import { note } from '../../ui/output.ts';
import { ownStore } from '../spec/own-store.ts';

/** Files that change while they are looked at are to look newer than this answer: twice the tick of file systems. */
const MARGIN_SECONDS = 0.05;

/**
 * Gives the three lines that `sandbox hook` asks for, nothing outside of projects. Of one that is not trusted it says so on standard
 * error, once for what its files say, if it has shims.
 */
export async function shimsForShell(): Promise<string> {
  try {
    const directory = findProject(currentDirectory());
    if (directory === undefined) return '';
    const store = ownStore();
    const state = ensureProjectPath(store, directory);
    if (/[\n:]/.test(state)) return '';
    const seen = `${state}/hook`;
    if (!existsSync(seen)) writeFileSync(seen, '', { mode: 0o600 });
    const now = Date.now() / 1000 - MARGIN_SECONDS;
    utimesSync(seen, now, now);
    const digest = digestOfProject(directory);
    const isOurs = digest !== undefined && isTrusted(store, directory, digest);
    const bin = shimPath(store, directory);
    if (!isOurs && digest !== undefined) await tellOnce(state, directory, digest);
    return `${state}\n${store}/trust/${projectId(directory)}\n${isOurs && existsSync(bin) ? bin : ''}\n`;
  } catch {
    // Before each prompt nothing may fail: a file that is no TOML is told by the commands that need it.
    return '';
  }
}

async function tellOnce(state: string, directory: string, digest: string): Promise<void> {
  const told = `${state}/hook-told`;
  if (existsSync(told) && readFileSync(told, 'utf8') === digest) return;
  writeAside(told, digest);
  const { loadProject } = await import('../../project/load.ts');
  const { environments } = await loadProject(directory);
  const hasShims = [...environments.values()].some(({ shims }) => shims.length > 0);
  if (!hasShims && !existsSync(`${state}/bin`)) return;
  note(`${directory} has shims; read what it asks for, and have them on PATH: sandbox trust`);
}
