import { note } from '../../ui/output.ts';

/** Milliseconds: nobody waits for a download of minutes to free some space. */
const PATIENCE = 500;

/** Removes the blobs and layers that no image and no sandbox needs any more; while another command pulls it is left for later. */
export async function freeUnused(): Promise<void> {
  const { collectAll } = await import('../../sandbox/garbage-all.ts');
  try {
    await collectAll({ all: false, patience: PATIENCE });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'LOCKED')) throw error;
    note('another command uses the store: `sandbox gc` frees the space later');
  }
}
