import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

/**
 * Writes V8's code cache for the bundle `script` to `output`, made by the Node executable `node`, which has to be the one
 * that will read it. A fixed random seed makes the bytes the same each time; V8 leaves it out of the check of its flags.
 */
export async function writeCodeCache(node: string, script: string, output: string): Promise<void> {
  await promisify(execFile)(node, ['--random-seed=1', join(import.meta.dirname, 'compile.ts'), script, output]);
}
