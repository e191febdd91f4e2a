// SPDX-License-Identifier: Apache-2.0
// client: got keepAlive
// kind: library
// npm: got@14.4.5
import got from 'got';
import http from 'node:http';
import https from 'node:https';

const [url, times, size] = process.argv.slice(2);
const agent = {
  http: new http.Agent({ keepAlive: true }),
  https: new https.Agent({ keepAlive: true }),
};
for (let i = 0; i < +times; ++i) {
  if (!+size) {
    await got(url, { agent });
    continue;
  }
  const stream = got.stream(url, { agent });
  let bytes = 0;
  stream.on('data', (part) => (bytes += part.length) >= +size && stream.pause());
}
setTimeout(() => {}, 3600_000);
