import { rmdirSync } from 'node:fs';
import { reasonOf } from './error.ts';

const ATTEMPTS = 200;
const INTERVAL_MS = 10;

/** Removes a group whose last processes are just ending; one that is gone already, or stays in use, is left alone. */
export async function removeGroup(directory: string): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      return rmdirSync(directory);
    } catch (error) {
      if (reasonOf(error) !== 'EBUSY') return;
      await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
    }
  }
}
