# SPDX-License-Identifier: Apache-2.0
# client: Tornado AsyncHTTPClient
# kind: library
# debian: python3-tornado
import asyncio
import sys

import tornado.httpclient

url, times, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
if size:
    print("it takes the reply as fast as it comes")
    sys.exit(77)


async def main():
    client = tornado.httpclient.AsyncHTTPClient()
    for _ in range(times):
        await client.fetch(url)
    await asyncio.sleep(3600)


asyncio.run(main())
