import type { Command } from './arguments/command.ts';

type Loaders = Readonly<Record<string, () => Promise<Command>>>;

/** Every command and how to get at it: only the one that is asked for is loaded. In the order of the help. */
const LOADERS: Loaders = {
  shell: async () => (await import('./shell.ts')).shell,
  run: async () => (await import('./run.ts')).run,
  ps: async () => (await import('./ps.ts')).ps,
  rm: async () => (await import('./rm.ts')).rm,
  plan: async () => (await import('./plan.ts')).plan,
  doctor: async () => (await import('./doctor.ts')).doctor,
  completion: async () => (await import('./completion.ts')).completion,
  help: async () => (await import('./help.ts')).help,
};

/** Commands that only launchers call. */
const HIDDEN: Loaders = { __explain: async () => (await import('./explain.ts')).explain };

export const COMMAND_NAMES: readonly string[] = Object.keys(LOADERS);

/** Takes a name and gives the command, undefined where there is none of that name. */
export async function loadCommand(name: string): Promise<Command | undefined> {
  const loaders = [LOADERS, HIDDEN].find((table) => Object.hasOwn(table, name));
  return await loaders?.[name]?.();
}

export async function loadAllCommands(): Promise<Command[]> {
  return await Promise.all(Object.values(LOADERS).map((load) => load()));
}
