// SPDX-License-Identifier: Apache-2.0
//
// node report_duckdb.mjs LOG: what finwait-report --by ua counts, asked of DuckDB on one thread; rows
// as JSON. Needs the npm package @duckdb/node-api where node finds it.
import { createRequire } from 'node:module';
const { DuckDBInstance } = createRequire(process.cwd() + '/')('@duckdb/node-api');

const columns = {
  '@timestamp': 'VARCHAR', 'event.name': 'VARCHAR', 'network.peer.address': 'VARCHAR',
  'user_agent.original': 'VARCHAR', 'network.connection.state': 'VARCHAR',
  'finwait.cause': 'VARCHAR', 'finwait.drain': 'VARCHAR', 'finwait.outcome': 'VARCHAR', 'finwait.probe': 'VARCHAR',
  'finwait.requests': 'BIGINT', 'finwait.drained_bytes': 'BIGINT', 'finwait.fin_wait_2_ms': 'BIGINT',
};
const types = Object.entries(columns).map(([name, type]) => `'${name}': '${type}'`).join(', ');
const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
const connection = await instance.connect();
const reader = await connection.runAndReadAll(`
  SELECT "user_agent.original" AS name, count(*) AS closes,
         count(*) FILTER ("network.connection.state" = 'fin_wait_2'
                          AND "finwait.drain" IN ('idle_timeout', 'deadline')
                          AND "finwait.probe" <> 'silent') AS stuck,
         sum("finwait.requests") AS requests, sum("finwait.drained_bytes") AS drained_bytes,
         sum("finwait.fin_wait_2_ms") AS fin_wait_2_ms,
         count(DISTINCT "network.peer.address") AS addresses,
         quantile_disc("finwait.fin_wait_2_ms", 0.5) AS p50_ms,
         quantile_disc("finwait.fin_wait_2_ms", 0.99) AS p99_ms,
         count(*) FILTER ("finwait.outcome" = 'fin') AS fin,
         count(*) FILTER ("finwait.outcome" = 'timeout') AS timeout,
         count(*) FILTER ("finwait.cause" = 'keepalive_timeout') AS keepalive_timeout,
         count(*) FILTER ("finwait.cause" = 'client_gone') AS client_gone
  FROM read_json('${process.argv[2].replaceAll("'", "''")}', format = 'newline_delimited',
                 columns = {${types}})
  WHERE "event.name" = 'finwait.close' GROUP BY ALL`);
const rows = reader.getRowObjectsJson();
console.log(JSON.stringify(rows, (_, value) => (typeof value === 'bigint' ? Number(value) : value)));
