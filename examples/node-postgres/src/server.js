'use strict';

const { createApp } = require('./app.js');
const { openPool } = require('./database.js');

const pool = openPool();
const server = createApp(pool);
server.listen(Number(process.env.PORT), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/entries`);
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close(() => pool.end());
    server.closeIdleConnections();
  });
}
