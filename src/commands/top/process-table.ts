import { readFileSync } from 'node:fs';
import type { SandboxProcess } from '../../cgroup/processes.ts';
import { byteText, durationText } from '../../ui/quantity.ts';
import { tableForOutput } from '../../ui/table.ts';

/** Names of users of the host by their ids: passwd(5). */
function userNames(): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  try {
    for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
      const [name, , uid] = line.split(':');
      if (name && uid && !names.has(Number(uid))) names.set(Number(uid), name);
    }
  } catch {
    // Numbers do as well.
  }
  return names;
}

/** Takes microseconds and gives processor time as ps(1) does: `1:05.30`. */
export function cpuTimeText(microseconds: number): string {
  const hundredths = Math.floor(microseconds / 10_000);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${Math.floor(hundredths / 6000)}:${two(Math.floor(hundredths / 100) % 60)}.${two(hundredths % 100)}`;
}

/** Gives the table of `top`. */
export function processTable(processes: readonly SandboxProcess[]): string {
  const names = userNames();
  return tableForOutput<SandboxProcess>(
    [
      { heading: 'USER', text: ({ uid }) => names.get(uid) ?? String(uid) },
      { heading: 'PID', text: ({ inside }) => String(inside) },
      { heading: 'HPID', text: ({ pid }) => String(pid) },
      { heading: 'STATE', text: ({ state }) => state },
      { heading: 'MEM', text: ({ memory }) => byteText(memory) },
      { heading: 'ELAPSED', text: ({ age }) => durationText(age) },
      { heading: 'TIME', text: ({ cpuTime }) => cpuTimeText(cpuTime) },
      { heading: 'COMMAND', text: ({ command }) => command.join(' '), mayShrink: true },
    ],
    processes,
  );
}
