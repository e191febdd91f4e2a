# SPDX-License-Identifier: Apache-2.0
# client: aiohttp ClientSession
# kind: library
# debian: python3-aiohttp
import asyncio
import sys

import aiohttp

url, times, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


async def main():
    session = aiohttp.ClientSession()
    for _ in range(times):
        reply = await session.get(url)
        await (reply.content.readexactly(size) if size else reply.read())
    await asyncio.sleep(3600)


asyncio.run(main())
