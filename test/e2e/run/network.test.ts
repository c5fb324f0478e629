import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { type TestContext, test } from 'node:test';
import { workDirectory } from '../../support/user.ts';
import { account, inside, ordinary } from '../support/inside.ts';

async function server(t: TestContext): Promise<number> {
  const listening = createServer((socket) => socket.end('from the host\n')).listen(0, '127.0.0.1');
  t.after(() => listening.close());
  await once(listening, 'listening');
  const address = listening.address();
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}

const connect = (port: number) => `bash -c 'exec 3<>/dev/tcp/127.0.0.1/${port} && cat <&3' 2>/dev/null || echo refused`;
const INTERFACES = "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ' | sort";

test('host: its interfaces, and what listens on its loopback', ordinary, async (t) => {
  const [cwd, port] = [workDirectory(t, account()), await server(t)];
  for (const words of [[], ['--network', 'host']]) {
    assert.equal(await inside(account(), { cwd }, words, connect(port)), 'from the host');
    const seen = (await inside(account(), { cwd }, words, INTERFACES)).split('\n');
    for (const name of Object.keys(networkInterfaces())) assert.ok(seen.includes(name), name);
  }
});

test('none: nothing but a loopback that is up and its own', ordinary, async (t) => {
  const [cwd, port] = [workDirectory(t, account()), await server(t)];
  const serve = `perl -MIO::Socket::INET -e '
    my $server = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1") or die "listen: $!";
    my $client = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $server->sockport) or die "connect: $!";
    my $got = $server->accept; print $got "own loopback\\n"; close $got; print <$client>'`;
  const script = `${INTERFACES}; ls /sys/class/net; ${connect(port)}; ${serve}; cat /etc/hosts; getent hosts localhost | wc -l`;
  const seen = (await inside(account(), { cwd }, ['--network', 'none'], script)).split('\n');
  assert.deepEqual(seen.slice(0, 4), ['lo', 'lo', 'refused', 'own loopback']);
  assert.deepEqual(seen.slice(4), [
    '127.0.0.1 localhost',
    '::1 localhost ip6-localhost ip6-loopback',
    '127.0.1.1 sandbox',
    '1',
  ]);
});

test('none: abstract sockets of the host are out of reach', ordinary, async (t) => {
  const cwd = workDirectory(t, account());
  const name = `\0sandbox-test-${process.pid}`;
  const listening = createServer((socket) => socket.end('reached')).listen({ path: name });
  t.after(() => listening.close());
  await once(listening, 'listening');
  const client = `perl -MSocket -e 'socket my $s, AF_UNIX, SOCK_STREAM, 0; connect($s, sockaddr_un("\\0sandbox-test-${process.pid}")) or exit !print "refused"; print <$s>'`;
  assert.equal(await inside(account(), { cwd }, ['--network', 'none'], client), 'refused');
  assert.equal(await inside(account(), { cwd }, ['--network', 'host'], client), 'reached');
});
