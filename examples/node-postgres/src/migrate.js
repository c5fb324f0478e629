'use strict';

const { readdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const { ensureDatabase, openPool } = require('./database.js');

const DIRECTORY = join(__dirname, '../migrations');

/** Runs the files in migrations/ that the database has not seen, in order, each in a transaction. */
async function migrate() {
  await ensureDatabase();
  const pool = openPool();
  const client = await pool.connect();
  try {
    await client.query('CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY)');
    // Two may start at once: the app, and a command.
    await client.query('SELECT pg_advisory_lock(1)');
    const { rows } = await client.query('SELECT name FROM migrations');
    const known = new Set(rows.map(({ name }) => name));
    for (const name of readdirSync(DIRECTORY).sort()) {
      if (known.has(name)) continue;
      await client.query('BEGIN');
      await client.query(readFileSync(join(DIRECTORY, name), 'utf8'));
      await client.query('INSERT INTO migrations VALUES ($1)', [name]);
      await client.query('COMMIT');
      console.log(`migrated: ${name}`);
    }
  } finally {
    client.release(true);
    await pool.end();
  }
}

if (require.main === module) {
  migrate().catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
