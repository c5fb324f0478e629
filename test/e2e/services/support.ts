import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { needs } from '../../packages.ts';
import { needsAccount } from '../../support/user.ts';

/** For a test's options: services are busybox's programs. */
export const services = { skip: needsAccount('subordinate') || needs('busybox') };
export const servicesOfBare = { skip: needsAccount('bare') || needs('busybox') };

/** For tests of both kinds of accounts. */
export const EACH_KIND = [
  ['subordinate', services],
  ['bare', servicesOfBare],
] as const;

/** Pids of the host's processes that have a text in their command line. */
export function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .filter((pid) => {
      try {
        return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text);
      } catch {
        return false; // ended meanwhile
      }
    })
    .map(Number);
}

/** Gives a TCP port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
