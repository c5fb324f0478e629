import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { callMethod } from '../../src/cgroup/dbus/call.ts';
import { decodeReply, encodeCall } from '../../src/cgroup/dbus/message.ts';
import { CgroupError } from '../../src/cgroup/error.ts';
import { needs } from '../packages.ts';

const HELLO = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
  member: 'Hello',
  body: [],
} as const;

/** A reply as dbus-daemon writes it, by hand. */
function reply(type: 2 | 3, serial: number, text: string): Buffer {
  const body = Buffer.alloc(4 + text.length + 1);
  body.writeUInt32LE(text.length);
  body.write(text, 4);
  const fields = Buffer.from([5, 1, 0x75, 0, serial, 0, 0, 0, 8, 1, 0x67, 0, 1, 0x73, 0]);
  const header = Buffer.alloc(Math.ceil((16 + fields.length) / 8) * 8);
  header.set([0x6c, type, 1, 1]);
  header.writeUInt32LE(body.length, 4);
  header.writeUInt32LE(99, 8);
  header.writeUInt32LE(fields.length, 12);
  header.set(fields, 16);
  return Buffer.concat([header, body]);
}

describe('messages of D-Bus', () => {
  it('have a header of aligned fields and the size of their body', () => {
    const bytes = encodeCall({ ...HELLO, body: [{ type: 'u', value: 7 }] }, 3);
    assert.equal(bytes.toString('latin1', 0, 4), 'l\x01\x00\x01');
    assert.equal(bytes.readUInt32LE(4), 4);
    assert.equal(bytes.readUInt32LE(8), 3);
    assert.equal(bytes.readUInt32LE(bytes.length - 4), 7);
    assert.equal((bytes.length - 4) % 8, 0, 'the body is aligned to 8');
  });

  it('are read when they are there in full, and one after the other', () => {
    const both = Buffer.concat([reply(2, 1, ':1.5'), reply(3, 2, 'no such unit')]);
    for (let size = 0; size < reply(2, 1, ':1.5').length; size++) {
      assert.equal(decodeReply(both.subarray(0, size)), undefined, String(size));
    }
    const first = decodeReply(both);
    assert.deepEqual(first?.reply, { kind: 'return', serial: 1 });
    const second = decodeReply(both.subarray(first?.size));
    assert.equal(second?.reply.kind, 'error');
    assert.equal(second?.reply.kind === 'error' && second.reply.message, 'no such unit');
  });
});

describe('a call', { skip: needs('dbus-daemon') }, () => {
  it('is understood by a real bus, and its errors are told', async (t) => {
    const daemon = spawn('dbus-daemon', ['--session', '--nofork', '--print-address=1'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    t.after(() => daemon.kill());
    const [address] = (await once(daemon.stdout.setEncoding('utf8'), 'data')) as [string];
    const path = /path=([^,\n]+)/.exec(address)?.[1] ?? '';
    const bus = { path, bus: true };
    const call = (member: string, name: string) => ({
      ...HELLO,
      member,
      body: [{ type: 's', value: name } as const],
    });
    await callMethod(bus, call('GetNameOwner', 'org.freedesktop.DBus'));
    await callMethod(bus, call('AddMatch', "type='signal'"));
    await assert.rejects(callMethod(bus, call('GetNameOwner', 'org.example.Nobody')), (error) => {
      assert.ok(error instanceof CgroupError);
      assert.match(error.message, /GetNameOwner: .*org\.example\.Nobody.*NameHasNoOwner/);
      return true;
    });
  });

  it('to nobody is an error and not a wait', async () => {
    await assert.rejects(callMethod({ path: '/nowhere/bus', bus: true }, HELLO), /ENOENT/);
  });
});
