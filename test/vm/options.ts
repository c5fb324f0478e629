import { parseArgs } from 'node:util';

/** What is asked of the machine that a test run boots. */
export interface MachineOptions {
  /** More words for the kernel's command line, as `sysctl.kernel.unprivileged_userns_clone=0`. */
  readonly kernelArguments: readonly string[];
  /** Every end-to-end and attack test is to run inside too, instead of a choice of them. */
  readonly all: boolean;
}

/** Takes the machine's options out of the words of a test run; throws a TypeError for one that there is not. */
export function machineOptions(words: readonly string[]): { machine: MachineOptions; rest: string[] } {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      all: { type: 'boolean', default: false },
      'kernel-arg': { type: 'string', multiple: true, default: [] },
    },
  });
  return { machine: { kernelArguments: values['kernel-arg'], all: values.all }, rest: positionals };
}
