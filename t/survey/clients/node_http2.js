// SPDX-License-Identifier: Apache-2.0
// client: Node.js http2 session
// kind: library
// debian: nodejs
const [url, times, size] = process.argv.slice(2);
const { origin, pathname } = new URL(url);
const session = require('http2').connect(origin);
const giveUp = () => console.log('it speaks HTTP/2 only') || process.exit(77);
session.on('error', giveUp);

function fetch(left) {
  const stream = session.request({ ':path': pathname });
  stream.on('error', giveUp);
  let got = 0;
  stream.on('data', (part) => {
    got += part.length;
    if (+size && got >= +size) stream.pause();
  });
  stream.on('end', () => left > 1 && fetch(left - 1));
}
fetch(+times);
setTimeout(() => {}, 3600_000);
