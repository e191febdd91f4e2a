// SPDX-License-Identifier: Apache-2.0
// client: axios keepAlive
// kind: library
// npm: axios@1.7.9
const axios = require('axios');
const [url, times, size] = process.argv.slice(2);
const options = {
  httpAgent: new (require('http').Agent)({ keepAlive: true }),
  httpsAgent: new (require('https').Agent)({ keepAlive: true }),
  responseType: +size ? 'stream' : 'text',
};

async function main() {
  for (let i = 0; i < +times; ++i) {
    const { data } = await axios.get(url, options);
    let got = 0;
    if (+size) data.on('data', (part) => (got += part.length) >= +size && data.pause());
  }
}
main();
setTimeout(() => {}, 3600_000);
