import type { Command } from './commands/arguments/command.ts';
import { userArguments } from './linux/proc-self.ts';
import { VERSION } from './version.ts';

/** The command line's own failures, as env(1) and docker-run(1) number them; other statuses are the command's. */
const FAILED = 125;
const NOT_EXECUTABLE = 126;
const NOT_FOUND = 127;
/** What a shell shows for a program that SIGPIPE ended: 128 + 13. */
const OUTPUT_CLOSED = 141;

/** Takes anything thrown and gives the exit status. */
function statusOf(error: unknown): number {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'COMMAND_NOT_FOUND') return NOT_FOUND;
  return code === 'COMMAND_NOT_EXECUTABLE' ? NOT_EXECUTABLE : FAILED;
}

/** What is no command of ours may be one of the project here: they are run as `sandbox do` runs them. */
async function otherCommand([name = '', ...words]: readonly string[]): Promise<number> {
  const { commandsHere } = await import('./commands/project/command/here.ts');
  const names = name.startsWith('-') ? [] : await commandsHere();
  if (!names.includes(name)) throw await unknownCommand(name, names);
  const { doCommand } = await import('./commands/do.ts');
  return await doCommand.run(['--', name, ...words]);
}

async function unknownCommand(name: string, ofProject: readonly string[]): Promise<Error> {
  const { COMMAND_NAMES } = await import('./commands/registry.ts');
  const { didYouMean } = await import('./config/did-you-mean.ts');
  const { quoted, UsageError } = await import('./commands/arguments/usage-error.ts');
  const nearest = didYouMean(name, [...COMMAND_NAMES, ...ofProject]);
  const kind = name.startsWith('-') ? 'option' : 'command';
  const lists =
    ofProject.length > 0
      ? '`sandbox` lists those of the project, `sandbox help` the others'
      : '`sandbox help` lists the commands';
  return new UsageError(`no ${kind} ${quoted(name)}`, {
    hint: nearest === undefined ? lists : `did you mean \`sandbox ${nearest}\`?`,
  });
}

/** In a project, `sandbox` alone says what can be done there. */
async function projectList(): Promise<Command | undefined> {
  const { currentDirectory } = await import('./linux/proc-self.ts');
  const { findProject } = await import('./project/find.ts');
  if (findProject(currentDirectory()) === undefined) return undefined;
  return (await import('./commands/list.ts')).list;
}

/** Takes the user's arguments, does what they say and gives the exit status. */
async function main(words: readonly string[]): Promise<number> {
  const [name, ...rest] = words;
  if (name === '--version' || name === '-V') {
    const { print } = await import('./ui/output.ts');
    print(`sandbox ${VERSION}\n`);
    return 0;
  }
  if (name === '--self-test') {
    const { selfTest } = await import('./self-test.ts');
    const { print } = await import('./ui/output.ts');
    print(`${selfTest()}\n`);
    return 0;
  }
  const { loadCommand } = await import('./commands/registry.ts');
  if (name === undefined || name === '-h' || name === '--help') {
    const list = name === undefined ? await projectList() : undefined;
    if (list !== undefined) return await list.run([]);
    const help = await loadCommand('help');
    await help?.run([]);
    // Without a command nothing was done, which a script should notice.
    return name === undefined ? FAILED : 0;
  }
  const command = await loadCommand(name);
  return command === undefined ? await otherCommand(words) : await command.run(rest);
}

/** Sets the exit status instead of exiting, so that what still runs can end. */
async function start(): Promise<void> {
  try {
    process.exitCode = await main(userArguments());
  } catch (error) {
    const { isOutputClosed } = await import('./ui/output.ts');
    if (isOutputClosed(error)) {
      process.exitCode = OUTPUT_CLOSED;
      return;
    }
    const { reportFailure } = await import('./ui/report.ts');
    reportFailure(error);
    process.exitCode = statusOf(error);
  }
}

// No `await`: the built file is a CommonJS script.
void start();
