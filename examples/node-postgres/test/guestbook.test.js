'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { after, before, beforeEach, test } = require('node:test');
const { createApp } = require('../src/app.js');
const { openPool } = require('../src/database.js');

const pool = openPool();
const server = createApp(pool);
let address;

before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  address = `http://127.0.0.1:${server.address().port}`;
});

beforeEach(async () => {
  await pool.query('TRUNCATE entries RESTART IDENTITY');
});

after(async () => {
  server.close();
  server.closeAllConnections();
  await pool.end();
});

async function post(body) {
  const response = await fetch(`${address}/entries`, { method: 'POST', body: JSON.stringify(body) });
  return { status: response.status, body: await response.json() };
}

test('an entry is kept, and shown newest first', async () => {
  assert.equal((await post({ name: 'Ada', message: 'Good afternoon' })).status, 201);
  const { body } = await post({ name: 'Grace', message: "Robert'); DROP TABLE entries;--" });
  assert.deepEqual(body, { id: '2', name: 'Grace', message: "Robert'); DROP TABLE entries;--" });
  const entries = await (await fetch(`${address}/entries`)).json();
  assert.deepEqual(
    entries.map(({ name }) => name),
    ['Grace', 'Ada'],
  );
  const { rows } = await pool.query('SELECT count(*)::int AS count FROM entries');
  assert.equal(rows[0].count, 2);
});

test('an empty message is refused by the database', async () => {
  assert.equal((await post({ name: 'Ada', message: '' })).status, 422);
  assert.deepEqual(await (await fetch(`${address}/entries`)).json(), []);
});

test('what is no entry is refused', async () => {
  assert.equal((await post({ name: 1 })).status, 400);
  assert.equal((await post('text')).status, 400);
  assert.equal((await fetch(`${address}/elsewhere`)).status, 404);
});

test('the app says that it is well', async () => {
  assert.deepEqual(await (await fetch(`${address}/health`)).json(), { ok: true });
});
