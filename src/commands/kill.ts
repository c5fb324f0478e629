import { SIGNAL, signalNumber } from '../linux/constants/signal.ts';
import { defineCommand } from './arguments/command.ts';
import { value } from './arguments/option.ts';
import { unexpected } from './arguments/usage-error.ts';
import { forEachRunning, type RunningSandbox } from './running/running-sandbox.ts';

function parseSignal(text: string): number {
  const number = signalNumber(text);
  if (number === undefined) throw unexpected('a signal such as TERM or 15', text);
  return number;
}

export const kill = defineCommand({
  name: 'kill',
  category: 'Sandboxes',
  description: 'Kill everything that runs in sandboxes, or send a signal',
  operands: 'NAME…',
  details: `
    Without \`--signal\`, and with KILL, all processes of the sandbox end at once, also one that forks faster than it can be
    found. Any other signal goes to the sandbox's command. What was changed in a sandbox that is kept stays: \`sandbox rm\`
    removes it.
  `,
  examples: [
    ['End it at once', 'sandbox kill website'],
    ['Ask the command to read its configuration again', 'sandbox kill --signal HUP website'],
  ],
  completion: { kind: 'names', of: ['sandboxes'] },
  takesCommand: false,
  options: {
    signal: value([['-s', '--signal'], 'SIGNAL', 'Signal by name or number (default: KILL)'], parseSignal, {
      kind: 'words',
      words: ['KILL', 'TERM', 'HUP', 'INT', 'USR1', 'USR2'],
    }),
  },
  rule: { limit: () => Number.POSITIVE_INFINITY, surplus: 'refused' },
  execute: async ({ options, operands }) => {
    const signal = options.signal ?? SIGNAL.SIGKILL;
    return await forEachRunning(operands, (sandbox) => sendSignal(sandbox, signal));
  },
});

async function sendSignal({ pid }: RunningSandbox, signal: number): Promise<void> {
  if (signal !== SIGNAL.SIGKILL && signal !== SIGNAL.SIGSTOP) {
    // Init hands it on to the command.
    process.kill(pid, signal);
    return;
  }
  if (signal === SIGNAL.SIGSTOP) {
    const { processesOf } = await import('../cgroup/processes.ts');
    const command = processesOf(pid).find(({ parent }) => parent === pid);
    if (command !== undefined) process.kill(command.pid, signal);
    return;
  }
  const [{ findGroup }, { killGroup }] = await Promise.all([
    import('../cgroup/find-group.ts'),
    import('../cgroup/control.ts'),
  ]);
  const group = findGroup(pid);
  // With pid 1 of its namespace every process is killed: pid_namespaces(7).
  if (group === undefined || !killGroup(group)) process.kill(pid, signal);
}
