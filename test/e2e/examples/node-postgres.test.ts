import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { buildLocked, cloneOf, EXAMPLE_TEST } from './support/clone.ts';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert(typeof address === 'object' && address !== null);
  server.close();
  await once(server, 'close');
  return address.port;
}

describe('the example of Node and PostgreSQL', () => {
  it('is built and tested from a fresh clone, and serves', EXAMPLE_TEST, async (t) => {
    const clone = await cloneOf(t, 'node-postgres');
    await buildLocked(t, clone);

    // Starts the database for itself, and stops it.
    const tested = await clone.sandbox(['test']);
    assert.equal(tested.status, 0, tested.stdout + tested.stderr);
    assert.match(tested.stdout, /^# pass 4$/m);
    assert.match(tested.stdout, /^# fail 0$/m);

    // What is one's own: another port.
    const port = await freePort();
    const local = [
      `ports = [${port}]`,
      `[env]\nPORT = "${port}"`,
      `[service.web]\nports = [${port}]\nready = { http = "http://127.0.0.1:${port}/health" }`,
    ];
    writeFileSync(`${clone.directory}/sandbox.local.toml`, `${local.join('\n')}\n`);
    await clone.says(['up', '--detach']);
    const entries = `http://127.0.0.1:${port}/entries`;
    const written = await fetch(entries, { method: 'POST', body: JSON.stringify({ name: 'Ada', message: 'Hello' }) });
    assert.equal(written.status, 201);
    assert.deepEqual(await (await fetch(entries)).json(), [{ id: '1', name: 'Ada', message: 'Hello' }]);

    // A command joins the services, and sees what they have.
    const count = ['shell', '-c', 'psql --no-psqlrc -tAc "SELECT name FROM entries"'];
    assert.equal(await clone.says(count), 'Ada\n');
    assert.match(await clone.says(['logs', 'web']), /migrated: 001-entries\.sql/);

    await clone.says(['down']);
    await assert.rejects(fetch(entries));
    const { stdout } = await clone.sandbox(['ps']);
    assert.doesNotMatch(stdout, /\bready\b/);
  });
});
