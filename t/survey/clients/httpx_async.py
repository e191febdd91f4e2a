# SPDX-License-Identifier: Apache-2.0
# client: HTTPX AsyncClient
# kind: library
# debian: python3-httpx python3-h2
# pattern: ^python-httpx/
import asyncio
import sys

import httpx

url, times, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


async def main():
    client = httpx.AsyncClient(http2=True)
    for _ in range(times):
        if size:
            reply = await client.send(client.build_request("GET", url), stream=True)
            await reply.aiter_bytes(size).__anext__()
        else:
            await client.get(url)
    await asyncio.sleep(3600)


asyncio.run(main())
