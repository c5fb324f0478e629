import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { test } from 'node:test';
import { isListening, parseListening } from '../../../src/project/service/listening.ts';
import { expectFreePorts } from '../../../src/project/service/ports.ts';

const TCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 31337 1 0000000000000000 100 0 0 10 0
   1: 0100007F:0050 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 4242 1 0000000000000000 20 4 30 10 -1
`;
const TCP6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 99 1 0000000000000000 100 0 0 10 0
`;

test('lines of /proc/net/tcp and tcp6: only sockets that listen', () => {
  assert.deepEqual(parseListening(TCP), [{ port: 0x1538, uid: 1000, inode: '31337' }]);
  assert.deepEqual(parseListening(TCP6), [{ port: 8080, uid: 0, inode: '99' }]);
});

test('lines of another form are passed over', () => {
  for (const text of ['', '\n\n', 'sl local', '0: x:y 0 0A', TCP.replace('1538', '15G8'), TCP.replace('1000', 'uid')])
    assert.deepEqual(parseListening(text), []);
});

test('a socket is seen while it listens, and a connection is none', async () => {
  for (const host of ['127.0.0.1', '::1']) {
    const server = createServer().listen(0, host);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    assert.ok(isListening('self', port), host);
    assert.ok(isListening(process.pid, port), host);
    const client = connect(port, host);
    await once(client, 'connect');
    const own = (client.address() as AddressInfo).port;
    assert.ok(!isListening('self', own));
    client.destroy();
    server.close();
    await once(server, 'close');
    assert.ok(!isListening('self', port), host);
  }
});

test('who has a port is named by pid and command', async (t) => {
  const script = 'require("net").createServer().listen(0, function () { console.log(this.address().port); })';
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const [output] = await once(child.stdout, 'data');
  const port = Number(String(output));
  const wanted = [{ port, owner: 'the service db' }];
  assert.throws(
    () => expectFreePorts(wanted),
    (error: unknown) => {
      assert.ok(error instanceof Error);
      assert.match(error.message, new RegExp(`^port ${port}, which the service db is to listen on, is taken by`));
      assert.match(error.message, new RegExp(`the process ${child.pid} \\(.*node -e`));
      return true;
    },
  );
  child.kill('SIGKILL');
  await once(child, 'exit');
  expectFreePorts(wanted);
});
