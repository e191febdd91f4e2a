// SPDX-License-Identifier: Apache-2.0
//
// node chdb.mjs MODULES FOLDER PORT: ClickHouse 26.7 (npm's chdb, in process) behind the part of its HTTP interface that finwait-report
// and the shippers use: POST /?query=...&setting=... with a body, gzipped or a form with tables. It asks for no password. One session,
// one question at a time; what it is told for one question holds for that one.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { gunzipSync } from 'node:zlib';
import { writeFileSync, unlinkSync } from 'node:fs';

const [modules, folder, port] = process.argv.slice(2);
const { Session } = createRequire(modules + '/')('chdb');
const session = new Session(folder);

const OF_HTTP = new Set(['query', 'wait_end_of_query', 'enable_http_compression', 'user', 'password', 'database']);

// What the ship profile has; a question's own settings win.
const PROFILE = { input_format_skip_unknown_fields: '1', deduplicate_blocks_in_dependent_materialized_views: '1', async_insert: '0' };

function settingsOf(parameters) {
  const settings = { ...PROFILE };
  for (const [name, value] of parameters) {
    if (!OF_HTTP.has(name) && !name.endsWith('_structure')) settings[name] = value;
  }
  return Object.entries(settings).map(([name, value]) => `${name} = ${/^\d+$/.test(value) ? value : `'${value}'`}`).join(', ');
}

// The fields of a form: [name, bytes].
function fieldsOf(body, type) {
  const boundary = Buffer.from('--' + /boundary=([^;]+)/.exec(type)[1]);
  const fields = [];
  for (let at = body.indexOf(boundary); at >= 0;) {
    const next = body.indexOf(boundary, at + boundary.length);
    if (next < 0) break;
    const part = body.subarray(at + boundary.length + 2, next - 2);
    const head = part.indexOf('\r\n\r\n');
    fields.push([/ name="([^"]*)"/.exec(part.subarray(0, head).toString())[1], part.subarray(head + 4)]);
    at = next;
  }
  return fields;
}

function withFile(bytes, use) {
  const file = `${folder}.body`;
  writeFileSync(file, bytes);
  try { return use(file); } finally { unlinkSync(file); }
}

function insert(query, body, settings) {
  const [, table, format] = /^\s*INSERT\s+INTO\s+(\S+)\s+FORMAT\s+(\w+)\s*$/i.exec(query);
  return withFile(body, (file) => session.query(`INSERT INTO ${table} FROM INFILE '${file}' SETTINGS ${settings} FORMAT ${format}`));
}

function insertSelect(query, settings) {
  return session.query(query.replace(/^\s*INSERT\s+INTO\s+\S+/i, (into) => `${into} SETTINGS ${settings}`));
}

function select(query, settings) {
  if (/^\s*INSERT\b/i.test(query)) return insertSelect(query, settings);
  const format = /\bFORMAT\s+(\w+)\s*;?\s*$/i.exec(query);
  const bare = query.replace(/\bFORMAT\s+\w+\s*;?\s*$/i, '');
  const isSelect = /^\s*(SELECT|WITH)\b/i.test(bare);
  return session.query(isSelect ? `${bare} SETTINGS ${settings}` : bare, format ? format[1] : 'TabSeparated');
}

function answer(request, body) {
  const { searchParams } = new URL(request.url, 'http://x');
  const settings = settingsOf(searchParams);
  const query = searchParams.get('query') ?? '';
  const type = request.headers['content-type'] ?? '';
  if (/^\s*INSERT\b.*\bFORMAT\s+\w+\s*$/is.test(query)) return insert(query, body, settings);
  if (!type.startsWith('multipart/form-data')) return select(query + '\n' + body.toString(), settings);
  const tables = [];
  try {
    for (const [name, bytes] of fieldsOf(body, type)) {
      session.query(`CREATE OR REPLACE TABLE ${name} (${searchParams.get(name + '_structure')}) ENGINE = Memory`);
      tables.push(name);
      if (bytes.length) insert(`INSERT INTO ${name} FORMAT TabSeparated`, bytes, 'async_insert = 0');
    }
    return select(query, settings);
  } finally {
    for (const name of tables) session.query(`DROP TABLE IF EXISTS ${name}`);
  }
}

createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    let body = Buffer.concat(chunks);
    try {
      if (request.url === '/ping') return response.end('Ok.\n');
      if (request.headers['content-encoding'] === 'gzip') body = gunzipSync(body);
      response.end(answer(request, body));
    } catch (error) {
      response.statusCode = 500;
      response.end(String(error.message ?? error) + '\n');
    }
  });
}).listen(Number(port), '127.0.0.1');

process.on('SIGTERM', () => process.exit(0));
