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

async function unknownCommand(name: string): Promise<Error> {
  const { COMMAND_NAMES } = await import('./commands/registry.ts');
  const { didYouMean } = await import('./config/did-you-mean.ts');
  const { quoted, UsageError } = await import('./commands/arguments/usage-error.ts');
  const nearest = didYouMean(name, COMMAND_NAMES);
  const kind = name.startsWith('-') ? 'option' : 'command';
  return new UsageError(`no ${kind} ${quoted(name)}`, {
    hint: nearest === undefined ? '`sandbox help` lists the commands' : `did you mean \`sandbox ${nearest}\`?`,
  });
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
    const help = await loadCommand('help');
    await help?.run([]);
    // Without a command nothing was done, which a script should notice.
    return name === undefined ? FAILED : 0;
  }
  const command = await loadCommand(name);
  if (command === undefined) throw await unknownCommand(name);
  return await command.run(rest);
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
