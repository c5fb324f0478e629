import { connect } from 'node:net';
import { CgroupError } from '../error.ts';
import { type Call, decodeReply, encodeCall, type Reply } from './message.ts';

/** A socket that systemd's user manager is reached by. */
export interface Address {
  readonly path: string;
  /** There is a message bus in between, which wants to be greeted first. */
  readonly bus: boolean;
}

const PATIENCE_MS = 25_000;
const HELLO: Call = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
  member: 'Hello',
  body: [],
};

/**
 * Makes one method call and waits for its answer; the process's own uid is the credential (EXTERNAL). Throws a CgroupError
 * MANAGER with the error's text.
 */
export async function callMethod(address: Address, call: Call): Promise<void> {
  const failed = (why: string, cause?: unknown) =>
    new CgroupError('MANAGER', `systemd's user manager does not do ${call.member}: ${why}`, { cause });
  await new Promise<void>((resolve, reject) => {
    const socket = connect(address.path);
    const calls = address.bus ? [HELLO, call] : [call];
    let received: Buffer = Buffer.alloc(0);
    let authenticated = false;
    const end = (error?: Error): void => {
      socket.destroy();
      if (error) reject(error);
      else resolve();
    };
    socket.setTimeout(PATIENCE_MS, () => end(failed('no answer')));
    socket.once('error', (error) => end(failed(error.message, error)));
    socket.once('close', () => reject(failed('it closed the connection')));
    const take = (reply: Reply): void => {
      if (reply.kind === 'error') end(failed(`${reply.message} (${reply.name})`));
      else if (reply.kind === 'return' && reply.serial === calls.length) end();
    };
    const identity = Buffer.from(String(process.getuid?.() ?? 0)).toString('hex');
    socket.write(`\0AUTH EXTERNAL ${identity}\r\n`);
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (!authenticated) {
        const line = received.indexOf('\r\n');
        if (line === -1) return;
        if (!received.toString('latin1').startsWith('OK ')) return end(failed('it does not accept our user id'));
        authenticated = true;
        received = received.subarray(line + 2);
        socket.write(Buffer.concat([Buffer.from('BEGIN\r\n'), ...calls.map((each, at) => encodeCall(each, at + 1))]));
      }
      for (let next = decodeReply(received); next; next = decodeReply(received)) {
        received = received.subarray(next.size);
        take(next.reply);
      }
    });
  });
}
