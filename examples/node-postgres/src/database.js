'use strict';

const { Client, Pool } = require('pg');

/** The server and the account are those of PGHOST, PGUSER and PGDATABASE. */
function openPool() {
  return new Pool({ max: 5 });
}

/** Makes the database that PGDATABASE names, unless it is there. */
async function ensureDatabase() {
  const client = new Client({ database: 'postgres' });
  await client.connect();
  try {
    const name = process.env.PGDATABASE;
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}

module.exports = { ensureDatabase, openPool };
