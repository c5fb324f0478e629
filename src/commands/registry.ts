import type { Command } from './arguments/command.ts';
import type { CommandGroup } from './arguments/group.ts';

type Loaders<Loaded> = Readonly<Record<string, () => Promise<Loaded>>>;

/** Every command and how to get at it: only the one that is asked for is loaded. In the order of the help. */
const LOADERS: Loaders<Command | CommandGroup> = {
  shell: async () => (await import('./shell.ts')).shell,
  run: async () => (await import('./run.ts')).run,
  do: async () => (await import('./do.ts')).doCommand,
  init: async () => (await import('./init.ts')).init,
  add: async () => (await import('./add.ts')).add,
  remove: async () => (await import('./remove.ts')).remove,
  lock: async () => (await import('./lock.ts')).lock,
  outdated: async () => (await import('./outdated.ts')).outdated,
  trust: async () => (await import('./trust.ts')).trust,
  shim: async () => (await import('./shim.ts')).shim,
  hook: async () => (await import('./hook.ts')).hook,
  export: async () => (await import('./export.ts')).exportCommand,
  list: async () => (await import('./list.ts')).list,
  schema: async () => (await import('./schema.ts')).schema,
  try: async () => (await import('./try.ts')).tryCommand,
  diff: async () => (await import('./diff.ts')).diff,
  apply: async () => (await import('./apply.ts')).apply,
  discard: async () => (await import('./discard.ts')).discard,
  up: async () => (await import('./up.ts')).up,
  down: async () => (await import('./down.ts')).down,
  logs: async () => (await import('./logs.ts')).logs,
  ps: async () => (await import('./ps.ts')).ps,
  rm: async () => (await import('./rm.ts')).rm,
  stats: async () => (await import('./stats.ts')).stats,
  top: async () => (await import('./top.ts')).top,
  update: async () => (await import('./update.ts')).update,
  pause: async () => (await import('./pause.ts')).pause,
  unpause: async () => (await import('./unpause.ts')).unpause,
  kill: async () => (await import('./kill.ts')).kill,
  image: async () => (await import('./image.ts')).image,
  login: async () => (await import('./login.ts')).login,
  logout: async () => (await import('./logout.ts')).logout,
  build: async () => (await import('./build.ts')).build,
  verify: async () => (await import('./verify.ts')).verify,
  df: async () => (await import('./df.ts')).df,
  gc: async () => (await import('./gc.ts')).gc,
  reset: async () => (await import('./reset.ts')).reset,
  plan: async () => (await import('./plan.ts')).plan,
  doctor: async () => (await import('./doctor.ts')).doctor,
  completion: async () => (await import('./completion.ts')).completion,
  help: async () => (await import('./help.ts')).help,
};

/** What podman's users type for a command of a group, and commands that only programs call. In no list. */
const HIDDEN: Loaders<Command> = {
  pull: async () => (await import('./image/pull.ts')).pull,
  images: async () => (await import('./image/ls.ts')).ls,
  rmi: async () => (await import('./image/rm.ts')).rm,
  load: async () => (await import('./image/load.ts')).load,
  save: async () => (await import('./image/save.ts')).save,
  __review: async () => (await import('./diff/serve-review.ts')).serveReview,
  __measure: async () => (await import('./measure.ts')).measure,
  __copy: async () => (await import('./copy-layers.ts')).copyLayers,
  __hook: async () => (await import('./serve-hook.ts')).serveHook,
  __shim: async () => (await import('./serve-shim.ts')).serveShim,
  __explain: async () => (await import('./explain.ts')).explain,
  __seal: async () => (await import('./seal.ts')).seal,
  __unpack: async () => (await import('./unpack.ts')).unpack,
  __killed: async () => (await import('./killed.ts')).killed,
  __up: async () => (await import('./up/serve-up.ts')).serveUp,
  __names: async () => (await import('./names.ts')).names,
  __trusted: async () => (await import('./trusted.ts')).trusted,
};

export const COMMAND_NAMES: readonly string[] = Object.keys(LOADERS);

/** Whether a name is a command of our own, listed or not. */
export function isCommand(name: string): boolean {
  return [LOADERS, HIDDEN].some((table) => Object.hasOwn(table, name));
}

/** Takes a name and gives the command or group, undefined where there is none of that name. */
export async function loadCommand(name: string): Promise<Command | CommandGroup | undefined> {
  const loaders = [LOADERS, HIDDEN].find((table) => Object.hasOwn(table, name));
  return await loaders?.[name]?.();
}

/** Gives what the list of commands shows: a group is one of them. */
export async function loadAll(): Promise<Array<Command | CommandGroup>> {
  return await Promise.all(Object.values(LOADERS).map((load) => load()));
}

/** Gives every command that can be typed, those of groups under both their words. */
export async function loadAllCommands(): Promise<Command[]> {
  const loaded = (await loadAll()).map(async (each) => {
    if (each.kind === 'command') return [each];
    const members = await Promise.all(each.words.map((word) => each.load(word)));
    return members.flatMap((member) => member ?? []);
  });
  return (await Promise.all(loaded)).flat();
}
