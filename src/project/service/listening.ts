import { readFileSync } from 'node:fs';

/** A TCP socket that waits for connections. */
export interface ListeningSocket {
  readonly port: number;
  /** The user, as the host numbers it. */
  readonly uid: number;
  /** Of the socket, as /proc/PID/fd shows it. */
  readonly inode: string;
}

/** TCP_LISTEN in include/net/tcp_states.h. */
const LISTEN = '0A';

/** Takes the text of /proc/net/tcp or tcp6: proc_net(5). Lines that are not of its form are passed over. */
export function parseListening(text: string): ListeningSocket[] {
  return text.split('\n').flatMap((line) => {
    const [number, local, , state, , , , uid, , inode] = line.trim().split(/\s+/);
    const port = /^[0-9A-F]{8,32}:([0-9A-F]{4})$/.exec(local ?? '')?.[1];
    if (state !== LISTEN || port === undefined || !/^\d+:$/.test(number ?? '')) return [];
    if (!/^\d+$/.test(uid ?? '') || !/^\d+$/.test(inode ?? '')) return [];
    return [{ port: Number.parseInt(port, 16), uid: Number(uid), inode: inode ?? '' }];
  });
}

/** Gives the sockets that listen in the network namespace of a process: without going there, whatever namespace that is. */
export function listeningIn(pid: number | 'self'): ListeningSocket[] {
  return ['tcp', 'tcp6'].flatMap((name) => {
    try {
      return parseListening(readFileSync(`/proc/${pid}/net/${name}`, 'latin1'));
    } catch {
      // Ended, or a kernel without IPv6.
      return [];
    }
  });
}

/** Says whether something listens on a port there. */
export function isListening(pid: number | 'self', port: number): boolean {
  return listeningIn(pid).some((socket) => socket.port === port);
}
