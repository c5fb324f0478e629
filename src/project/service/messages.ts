import type { Socket } from 'node:net';
import { ownBuild } from '../../linux/own-build.ts';
import type { Service } from '../model.ts';
import type { ReadyEnvironment } from '../record.ts';
import { LineSplitter } from './lines.ts';
import type { ServiceEvent, ServiceWork } from './work.ts';

/*
 * What is said at the door of who attends to services (door.ts): one JSON text a line. Both sides are this program, of one user
 * and of one build.
 */

/** What a caller asks for. */
export type Demand =
  /** To have these run: each behind what it requires, and the environments that they run in, made ready. */
  | {
      readonly kind: 'up';
      readonly build: string;
      readonly services: readonly Service[];
      readonly environments: readonly ReadyEnvironment[];
    }
  /** They are to go on without the caller. */
  | { readonly kind: 'keep' }
  /** The caller wants nothing any more. What was started for nobody else is stopped; the same is done where the caller is gone. */
  | { readonly kind: 'leave' }
  /** The same, without patience. */
  | { readonly kind: 'kill' }
  | { readonly kind: 'down'; readonly names: readonly string[] };

/** Gives the demand for all services of `work`. */
export function demandUp({ services, environments }: ServiceWork): Demand {
  return { kind: 'up', build: ownBuild(), services, environments: [...environments.values()] };
}

/** What the caller hears. */
export type Answer =
  /** Of the services that it wants, but for their output: that is in the log. */
  | { readonly kind: 'event'; readonly event: ServiceEvent }
  /** All that it wants is up. `started`: names of those that were not. */
  | { readonly kind: 'ready'; readonly started: readonly string[] }
  | { readonly kind: 'failed'; readonly message: string; readonly hint?: string }
  /** All is coming to its end: somebody else is to be asked, or nobody. */
  | { readonly kind: 'ending' }
  /** Nothing that it wanted runs any more. `failed`: one of them has crashed. */
  | { readonly kind: 'over'; readonly failed: boolean }
  /** Done with what was asked for by `keep`, `leave` and `down`. `stopped`: names. */
  | { readonly kind: 'done'; readonly stopped: readonly string[] };

/** Says something to the other side. */
export function say<Message extends Demand | Answer>(socket: Socket, message: Message): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
}

/** Calls `take` with each message of the other side. */
export function hear<Message extends Demand | Answer>(socket: Socket, take: (message: Message) => void): void {
  const lines = new LineSplitter((line) => take(JSON.parse(line)), Number.POSITIVE_INFINITY);
  socket.on('data', (bytes: Buffer) => lines.write(bytes));
  // A side that is gone is known by its end.
  socket.on('error', () => {});
}
