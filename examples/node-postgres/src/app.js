'use strict';

const { createServer } = require('node:http');

const MOST_BYTES = 16 * 1024;

/** Gives the server of the guestbook, not listening yet. */
function createApp(pool) {
  return createServer((request, response) => {
    answer(pool, request)
      .catch((error) => {
        // 23514: what the table's checks refuse.
        if (error.status !== undefined) return { status: error.status, body: { error: error.message } };
        if (error.code === '23514') return { status: 422, body: { error: 'name or message is empty, or too long' } };
        console.error(error.message);
        return { status: 500, body: { error: 'something went wrong' } };
      })
      .then(({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(`${JSON.stringify(body)}\n`);
      });
  });
}

async function answer(pool, request) {
  const { pathname } = new URL(request.url, 'http://localhost');
  if (pathname === '/health') {
    await pool.query('SELECT 1');
    return { status: 200, body: { ok: true } };
  }
  if (pathname !== '/entries') throw refusal(404, 'there is nothing here');
  if (request.method === 'GET') {
    const { rows } = await pool.query('SELECT id, name, message FROM entries ORDER BY written DESC, id DESC LIMIT 50');
    return { status: 200, body: rows };
  }
  if (request.method !== 'POST') throw refusal(405, 'GET or POST');
  const { name, message } = await readJson(request);
  if (typeof name !== 'string' || typeof message !== 'string') throw refusal(400, 'name and message have to be text');
  const text = 'INSERT INTO entries (name, message) VALUES ($1, $2) RETURNING id, name, message';
  const { rows } = await pool.query(text, [name, message]);
  return { status: 201, body: rows[0] };
}

async function readJson(request) {
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > MOST_BYTES) throw refusal(413, 'that is too long');
    chunks.push(chunk);
  }
  try {
    return Object(JSON.parse(Buffer.concat(chunks).toString('utf8')));
  } catch {
    throw refusal(400, 'that is no JSON');
  }
}

function refusal(status, message) {
  return Object.assign(new Error(message), { status });
}

module.exports = { createApp };
