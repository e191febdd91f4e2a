// SPDX-License-Identifier: Apache-2.0
// client: needle keepAlive
// kind: library
// npm: needle@3.3.1
const needle = require('needle');
const [url, times, size] = process.argv.slice(2);
const module_ = require(url.startsWith('https:') ? 'https' : 'http');
const agent = new module_.Agent({ keepAlive: true });

async function main() {
  for (let i = 0; i < +times; ++i) {
    if (!+size) {
      await needle('get', url, { agent });
      continue;
    }
    const stream = needle.get(url, { agent });
    let got = 0;
    stream.on('data', (part) => (got += part.length) >= +size && stream.pause());
  }
}
main();
setTimeout(() => {}, 3600_000);
