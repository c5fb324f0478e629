import { connect, type Socket } from 'node:net';
import { withDoorPath } from './door.ts';
import { type Answer, type Demand, hear, say } from './messages.ts';

/** A line to the process that attends to the services of a project. */
export interface Call {
  readonly say: (demand: Demand) => void;
  /** Calls `take` with what it answers. */
  readonly hear: (take: (answer: Answer) => void) => void;
  /** Fulfilled when the process is gone, or hangs up. */
  readonly ended: Promise<void>;
  readonly hangUp: () => void;
}

/** Calls whoever attends to the services of a project. Undefined where nobody answers. */
export async function callSupervisor(store: string, directory: string): Promise<Call | undefined> {
  let socket: Socket;
  try {
    socket = await withDoorPath(store, directory, async (path) => await connected(path));
  } catch {
    // Nobody, not yet, or no more.
    return undefined;
  }
  return {
    say: (demand) => say<Demand>(socket, demand),
    hear: (take) => hear<Answer>(socket, take),
    ended: new Promise((resolve) => socket.once('close', () => resolve())),
    hangUp: () => socket.destroy(),
  };
}

async function connected(path: string): Promise<Socket> {
  return await new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}
