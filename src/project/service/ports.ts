import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { ProjectError } from '../error.ts';
import type { Service } from '../model.ts';
import { type ListeningSocket, listeningIn } from './listening.ts';

/** Gives the TCP ports that a service listens on, as far as its description says. */
export function portsOf({ ports, ready }: Pick<Service, 'ports' | 'ready'>): number[] {
  return [...new Set([...ports, ...(ready?.kind === 'tcp' ? [ready.port] : [])])];
}

/** Throws a ProjectError where somebody on this machine listens on one of these ports. `owner`: what wants it, in words. */
export function expectFreePorts(wanted: ReadonlyArray<{ readonly port: number; readonly owner: string }>): void {
  const listening = listeningIn('self');
  for (const { port, owner } of wanted) {
    const taken = listening.find((socket) => socket.port === port);
    if (taken === undefined) continue;
    throw new ProjectError('SERVICE', `port ${port}, which ${owner} is to listen on, is taken by ${nameOwner(taken)}`, {
      hint: 'end that, or give the service another port in sandbox.toml or sandbox.local.toml',
    });
  }
}

function nameOwner(socket: ListeningSocket): string {
  const pid = processOf(socket);
  if (pid === undefined) return `a process of another user (uid ${socket.uid})`;
  return `the process ${pid} (${commandOf(pid)})`;
}

/** Who has the socket open; only the processes of the same user can be looked into: proc_pid_fd(5). */
function processOf({ inode }: ListeningSocket): number | undefined {
  const link = `socket:[${inode}]`;
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const found = pids.find((pid) => {
    try {
      return readdirSync(`/proc/${pid}/fd`).some((fd) => linkOf(`/proc/${pid}/fd/${fd}`) === link);
    } catch {
      return false;
    }
  });
  return found === undefined ? undefined : Number(found);
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

const LONGEST = 60;

function commandOf(pid: number): string {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim();
    return words.length > LONGEST ? `${words.slice(0, LONGEST)}…` : words;
  } catch {
    return 'ended meanwhile';
  }
}
