import { boot } from './boot.ts';
import { DEFAULT_KIND, needsImage } from './image.ts';
import type { MachineOptions } from './options.ts';

/**
 * Boots the machine that test files find through the environment (see machine.ts), and gives what ends it. Where none
 * can be had the files are told why, and skip their tests.
 */
export async function startShared({ kernelArguments, all }: MachineOptions): Promise<() => Promise<void>> {
  if (all) process.env.SANDBOX_TEST_VM_ALL = 'true';
  const reason = needsImage(DEFAULT_KIND);
  if (reason !== false) return refuse(reason);
  try {
    const { directory, seconds, accelerator, stop } = await boot(DEFAULT_KIND, { kernelArguments });
    process.env.SANDBOX_TEST_VM = directory;
    process.stdout.write(`took logins after ${seconds.toFixed(1)} s (${accelerator}): ${directory}\n`);
    return stop;
  } catch (error) {
    return refuse(`no virtual machine: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function refuse(reason: string): Promise<() => Promise<void>> {
  process.env.SANDBOX_TEST_VM_REFUSED = reason;
  process.stdout.write(`${reason}\n`);
  return async () => {};
}
