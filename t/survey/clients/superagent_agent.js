// SPDX-License-Identifier: Apache-2.0
// client: superagent keepAlive
// kind: library
// npm: superagent@10.1.1
const superagent = require('superagent');
const [url, times, size] = process.argv.slice(2);
if (+size) {
  console.log('it reads every reply whole');
  process.exit(77);
}
const module_ = require(url.startsWith('https:') ? 'https' : 'http');
const agent = new module_.Agent({ keepAlive: true });

async function main() {
  for (let i = 0; i < +times; ++i) await superagent.get(url).agent(agent);
}
main();
setTimeout(() => {}, 3600_000);
