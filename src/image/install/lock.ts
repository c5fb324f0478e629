import { lockStore, type StoreLock } from '../../store/lock.ts';
import type { InstallEvents } from './events.ts';

/** Keeps what is gathered in the store from being taken for garbage before an image names it. Throws a StoreError. */
export async function lockToAdd(
  store: string,
  { note }: Pick<InstallEvents, 'note'>,
  signal: AbortSignal,
): Promise<StoreLock> {
  return await lockStore(store, 'shared', {
    signal,
    onWait: () => note('waiting for another process that cleans the store up'),
  });
}
