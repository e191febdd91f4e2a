// SPDX-License-Identifier: Apache-2.0
// client: Node.js http keepAlive
// kind: library
// debian: nodejs
const [url, times, size] = process.argv.slice(2);
const module_ = require(url.startsWith('https:') ? 'https' : 'http');
const agent = new module_.Agent({ keepAlive: true });

function fetch(left) {
  module_.get(url, { agent }, (reply) => {
    let got = 0;
    reply.on('data', (part) => {
      got += part.length;
      if (+size && got >= +size) reply.pause();
    });
    reply.on('end', () => left > 1 && setTimeout(fetch, 0, left - 1));
  });
}
fetch(+times);
setTimeout(() => {}, 3600_000);
