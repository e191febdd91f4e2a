// SPDX-License-Identifier: Apache-2.0
// client: undici Agent
// kind: library
// npm: undici@6.21.0
const { request } = require('undici');
const [url, times, size] = process.argv.slice(2);

async function main() {
  for (let i = 0; i < +times; ++i) {
    const { body } = await request(url);
    let got = 0;
    if (+size) body.on('data', (part) => (got += part.length) >= +size && body.pause());
    else await body.text();
  }
}
main();
setTimeout(() => {}, 3600_000);
