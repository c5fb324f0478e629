import { lockPath, type StoreLock } from '../../store/lock.ts';
import { ensureProjectPath } from '../../store/projects.ts';
import { removeBox } from './box.ts';
import { readState, removeDoor, removeState, servicesLock } from './state.ts';
import { Supervisor } from './supervisor.ts';
import type { ServiceWork } from './work.ts';

/** Gives the lock of who attends to the services of a project; undefined where somebody else has it. */
async function tryLock(store: string, directory: string): Promise<StoreLock | undefined> {
  try {
    ensureProjectPath(store, directory);
    return await lockPath(servicesLock(store, directory), 'exclusive', 'the services', { patience: 0 });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'LOCKED') return undefined;
    throw error;
  }
}

/**
 * Begins to attend to services: gives undefined where another process does so already. What is left of one that was killed is
 * removed. Nothing is started yet. Other processes may ask for more of them (door.ts), unless they are a command's own.
 */
export async function superviseServices(work: ServiceWork): Promise<Supervisor | undefined> {
  const lock = await tryLock(work.store, work.directory);
  if (lock === undefined) return undefined;
  try {
    await removeLeftOver(work.store, work.directory);
    const supervisor = new Supervisor(work, lock);
    if (work.purpose !== 'command') {
      const { openDoor } = await import('./door.ts');
      await openDoor(supervisor, work);
    }
    return supervisor;
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Removes what is left of services whose supervisor was killed: their sandboxes have died with it. */
async function removeLeftOver(store: string, directory: string): Promise<void> {
  for (const { sandbox } of readState(store, directory)?.environments ?? []) await removeBox(store, sandbox);
  removeState(store, directory);
  removeDoor(store, directory);
}

/** The same for whoever does not want to start any. Says whether there was something; undefined where they are attended to. */
export async function clearServices(store: string, directory: string): Promise<boolean | undefined> {
  const lock = await tryLock(store, directory);
  if (lock === undefined) return undefined;
  try {
    const hadSome = readState(store, directory) !== undefined;
    await removeLeftOver(store, directory);
    return hadSome;
  } finally {
    lock.release();
  }
}
