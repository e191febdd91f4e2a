// SPDX-License-Identifier: Apache-2.0
// client: Node.js fetch
// kind: library
// debian: nodejs
const [url, times, size] = process.argv.slice(2);

async function main() {
  for (let i = 0; i < +times; ++i) {
    const reply = await fetch(url);
    if (!+size) {
      await reply.text();
      continue;
    }
    globalThis.reader = reply.body.getReader();
    for (let got = 0; got < +size;) got += (await globalThis.reader.read()).value.length;
  }
}
main();
setTimeout(() => {}, 3600_000);
