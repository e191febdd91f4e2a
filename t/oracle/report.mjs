// SPDX-License-Identifier: Apache-2.0
//
// node report.mjs LOG REPORT [FAMILIES]: whether DuckDB finds in a log (mode all, plain) what REPORT,
// the output of finwait-report --json on it, says: every figure of every row, the rows' order, and the
// totals. FAMILIES, for --by family, is {User-Agent: family}. Prints the differences; status 1 if there
// are any. Needs the npm package @duckdb/node-api in the working directory: t/setup puts it into
// build/oracle.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
const { DuckDBInstance } = createRequire(process.cwd() + '/')('@duckdb/node-api');

const [log, reportFile, familiesFile] = process.argv.slice(2);
const report = JSON.parse(readFileSync(reportFile, 'utf8'));

const quoted = (text) => `'${text.replaceAll("'", "''")}'`;
const names = {
  ua: "if(is_of_proxy, 'proxy ' || peer, user_agent)",
  family: "if(is_of_proxy, 'proxy ' || peer, families[user_agent])",
  vhost: 'vhost',
  address: 'address',
  peer: 'peer',
  cause: 'cause',
  hour: "strftime(time, '%Y-%m-%d %H:00')",
};
const order = report.by === 'hour' ? 'name DESC' : 'fin_wait_2_ms DESC, closes DESC, name';
const columns = {
  '@timestamp': 'TIMESTAMP', 'event.name': 'VARCHAR', 'network.peer.address': 'VARCHAR',
  'client.address': 'VARCHAR', 'network.protocol.version': 'VARCHAR', 'server.address': 'VARCHAR', 'user_agent.original': 'VARCHAR',
  'network.connection.state': 'VARCHAR', 'finwait.cause': 'VARCHAR', 'finwait.drain': 'VARCHAR',
  'finwait.outcome': 'VARCHAR', 'finwait.probe': 'VARCHAR', 'finwait.requests': 'BIGINT', 'finwait.drained_bytes': 'BIGINT',
  'finwait.fin_wait_2_ms': 'BIGINT', 'finwait.remedy': 'VARCHAR',
  'finwait.shared': 'BOOLEAN', 'finwait.via': 'BOOLEAN',
};
const types = Object.entries(columns).map(([name, type]) => `'${name}': '${type}'`).join(', ');
const families = familiesFile ? JSON.parse(readFileSync(familiesFile, 'utf8')) : {};
const list = (texts) => `[${texts.map(quoted).join(', ')}]::VARCHAR[]`;

const questions = [
  // A bucket goes by its bound; the last has none.
  `CREATE MACRO bound(ms) AS coalesce(list_min(list_filter(
     [5, 20, 100, 500, 1000, 2000, 3000, 5000, 10000, 15000, 20000, 30000, 60000, 120000],
     lambda b: b >= ms))::VARCHAR, 'null')`,
  // Wilson's score interval at 95 %, as its article has it.
  `CREATE MACRO wilson(part, n, side) AS
     (part / n + 3.841458820694124 / (2 * n) + side * 1.959963984540054 *
      sqrt(part / n * (1 - part / n) / n + 3.841458820694124 / (4 * n * n)))
     / (1 + 3.841458820694124 / n)`,
  `CREATE MACRO part(n, s, ms) AS {
     closes: n, stuck: s, share: if(n = 0, 0, s / n), low: if(s = 0, 0, wilson(s, n, -1)),
     high: if(s = n, 1, wilson(s, n, 1)), socket_seconds: coalesce(ms, 0) / 1000}`,
  `CREATE TABLE closes AS SELECT *, ${names[report.by]} AS name FROM (
     SELECT "@timestamp" AS time, "server.address" AS vhost, "user_agent.original" AS user_agent,
            coalesce("client.address", "network.peer.address") AS address,
            "network.peer.address" AS peer,
            "finwait.cause" AS cause, "finwait.drain" AS drain, "finwait.outcome" AS outcome,
            "finwait.requests" AS requests, "finwait.drained_bytes" AS bytes,
            "finwait.fin_wait_2_ms" AS ms,
            "network.connection.state" = 'fin_wait_2'
              AND "finwait.drain" IN ('idle_timeout', 'deadline')
              AND "finwait.probe" <> 'silent' AS is_stuck,
            "finwait.cause" IN ('keepalive_timeout', 'workers_busy')
              AND "network.protocol.version" <> '2' AND "finwait.via" IS NULL AS is_preventable,
            coalesce("finwait.shared", "finwait.via", false) AS is_of_proxy,
            "finwait.remedy" IS NOT NULL AS is_remedied,
            map(${list(Object.keys(families))}, ${list(Object.values(families))}) AS families
     FROM read_json(${quoted(log)}, format = 'newline_delimited', columns = {${types}})
     WHERE "event.name" = 'finwait.close')`,
  `CREATE VIEW told AS SELECT *, false AS is_all FROM closes
     UNION ALL SELECT * REPLACE ('all' AS name), true FROM closes`,
  // The smaller one of two with as many stuck closes; as numbers, at least in IPv4.
  `CREATE VIEW addresses AS
     SELECT is_all, name, first({address: address, stuck: n} ORDER BY n DESC, list_transform(
              string_split(address, '.'), lambda part: lpad(part, 3, '0'))) AS top FROM
       (SELECT is_all, name, address, count(*) AS n FROM told WHERE is_stuck GROUP BY ALL)
     GROUP BY ALL`,
  `CREATE VIEW agents AS
     SELECT name, list({user_agent: user_agent, closes: n, stuck: stuck, fin_wait_2_ms: ms}
                       ORDER BY ms DESC, n DESC, user_agent)[:5] AS user_agents FROM
       (SELECT name, user_agent, count(*) AS n, count(*) FILTER (is_stuck) AS stuck, sum(ms)::BIGINT AS ms
        FROM closes WHERE NOT is_of_proxy GROUP BY ALL)
     GROUP BY ALL`,
];
const rows = `
  SELECT to_json(row) FROM (
    SELECT is_all, name, count(*) AS closes, count(*) FILTER (is_stuck) AS stuck,
           stuck / closes AS share,
           if(stuck = 0, 0, wilson(stuck, closes, -1)) AS low,
           if(stuck = closes, 1, wilson(stuck, closes, 1)) AS high,
           sum(ms)::BIGINT AS fin_wait_2_ms, fin_wait_2_ms / 1000 AS socket_seconds,
           coalesce(fin_wait_2_ms / nullif((SELECT sum(ms) FROM closes), 0), 0) AS cost_share,
           bound(quantile_disc(ms, 0.5)) AS p50_ms, bound(quantile_disc(ms, 0.99)) AS p99_ms,
           count(*) FILTER (is_stuck AND is_preventable) AS preventable,
           sum(requests)::BIGINT AS requests, sum(bytes)::BIGINT AS drained_bytes,
           count(DISTINCT address) AS addresses,
           histogram(outcome) AS outcomes, histogram(cause) AS causes, histogram(drain) AS drains,
           coalesce(histogram(cause) FILTER (is_stuck), MAP {}) AS stuck_causes,
           coalesce(histogram(bound(ms)) FILTER (ms > 0), MAP {}) AS fin_wait_2,
           part(count(*) FILTER (is_remedied), count(*) FILTER (is_remedied AND is_stuck),
                sum(ms) FILTER (is_remedied)) AS with_remedy,
           part(count(*) FILTER (NOT is_remedied), count(*) FILTER (NOT is_remedied AND is_stuck),
                sum(ms) FILTER (NOT is_remedied)) AS without_remedy,
           any_value(addresses.top) AS top, any_value(user_agents) AS user_agents
    FROM told LEFT JOIN addresses USING (is_all, name)
              LEFT JOIN agents ON NOT is_all AND agents.name = told.name
    GROUP BY is_all, told.name ORDER BY is_all, ${order}) AS row`;
const totals = `
  SELECT to_json(row) FROM (SELECT count(*) AS records, epoch_ms(min(time)) AS first_ms,
                                   epoch_ms(max(time)) AS last_ms, count(DISTINCT vhost) AS vhosts
                            FROM closes) AS row`;

async function asked() {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  for (const question of questions) await connection.run(question);
  const answers = async (query) =>
    (await connection.runAndReadAll(query)).getRowsJson().map(([text]) => JSON.parse(text));
  return { rows: await answers(rows), totals: (await answers(totals))[0] };
}

const counted = (words) => Object.fromEntries(Object.entries(words).filter(([, count]) => count !== 0));
const hasAgents = report.by === 'ua' || report.by === 'family';

// Both as the same plain figures.
const ofDuckDb = ({ top, stuck, user_agents, fin_wait_2_ms, is_all, ...row }) => ({
  ...row,
  stuck,
  dominant_address: top && top.stuck / stuck >= 0.5 ? { ...top, share_of_stuck: top.stuck / stuck } : null,
  user_agents: hasAgents && !is_all ? user_agents : [],
});
const ofReport = ({ stuck, judgement, peer, versions, product, addresses_at_least, ...row }) => ({
  ...row,
  ...stuck,
  p50_ms: String(row.p50_ms),
  p99_ms: String(row.p99_ms),
  outcomes: counted(row.outcomes),
  causes: counted(row.causes),
  drains: counted(row.drains),
  stuck_causes: counted(row.stuck_causes),
  fin_wait_2: counted(Object.fromEntries(row.fin_wait_2.map(({ up_to_ms, closes }) => [up_to_ms, closes]))),
});

// Above 1,024 addresses their number is an estimate: four standard errors are let pass, and which
// address has most stuck closes is then not certain among those with few.
const exactAddresses = 1024;
function* differences(where, ours, theirs) {
  if (typeof ours === 'number' && typeof theirs === 'number') {
    const isEstimate = where.endsWith('.addresses') && theirs > exactAddresses;
    const slack = isEstimate ? 0.065 * theirs : 1e-9 * Math.abs(theirs);
    if (Math.abs(ours - theirs) > slack) yield `${where}: ${ours}, DuckDB ${theirs}`;
  } else if (ours !== null && theirs !== null && typeof ours === 'object' && typeof theirs === 'object') {
    for (const key of new Set([...Object.keys(ours), ...Object.keys(theirs)]))
      yield* differences(`${where}.${key}`, ours[key], theirs[key]);
  } else if (ours !== theirs) {
    yield `${where}: ${JSON.stringify(ours)}, DuckDB ${JSON.stringify(theirs)}`;
  }
}

function othersOf(rows) {
  const others = new Set(
    report.rows.filter((row) => /^(like_others|too_few)$/.test(row.judgement)).map((row) => row.name));
  const sum = (key) =>
    rows.filter((row) => others.has(row.name)).reduce((total, row) => total + row[key], 0);
  return { closes: sum('closes'), stuck: sum('stuck') };
}

const duckDb = await asked();
const theirs = duckDb.rows.filter((row) => !row.is_all);
const pairs = [
  ['row', report.rows.map((row) => row.name), theirs.map((row) => row.name)],
  ['all', ofReport(report.all), ofDuckDb(duckDb.rows.find((row) => row.is_all))],
  ['others', { closes: report.others_stuck.closes, stuck: report.others_stuck.stuck }, othersOf(theirs)],
  ['total', { records: report.reading.records, first_ms: report.first_ms, last_ms: report.last_ms,
              vhosts: report.vhosts }, duckDb.totals],
];
const byName = new Map(theirs.map((row) => [row.name, row]));
for (const row of report.rows)
  if (byName.has(row.name)) pairs.push([row.name, ofReport(row), ofDuckDb(byName.get(row.name))]);
const found = pairs.flatMap(([where, ours, of]) => [...differences(where, ours, of)]);
console.log(found.slice(0, 20).join('\n') || `${theirs.length} rows by ${report.by}: the same figures`);
process.exit(found.length === 0 ? 0 : 1);
