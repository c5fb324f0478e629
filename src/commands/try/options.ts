import { flag, value } from '../arguments/option.ts';
import { parseSandboxName } from '../options/names.ts';
import { parseHostPath } from '../options/path.ts';
import { projectOptions } from '../options/project-options.ts';
import { sandboxOptions } from '../options/sandbox-options.ts';

/** What `try` takes: all that `run` does, and what is to be shown afterwards. */
export const trialOptions = {
  ...sandboxOptions,
  ...projectOptions,
  name: value([['--name'], 'NAME', "The sandbox's name (default: a new one)"], parseSandboxName, { kind: 'nothing' }),
  diff: flag(['-d', '--diff'], 'Show the text that was changed as well'),
  json: flag(['--json'], 'Print the changes as JSON to standard output, and ask nothing'),
  report: flag(['--report'], 'List the system calls, files and addresses that it was refused'),
  learn: value([['--learn'], 'FILE', 'Write a profile that allows what was used'], parseHostPath, { kind: 'files' }),
} as const;
