# SPDX-License-Identifier: Apache-2.0
# client: HTTPX Client
# kind: library
# debian: python3-httpx python3-h2
# pattern: ^python-httpx/
import sys
import time

import httpx

url, times, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
client = httpx.Client(http2=True)
for _ in range(times):
    if size:
        reply = client.send(client.build_request("GET", url), stream=True)
        next(reply.iter_bytes(size))
    else:
        client.get(url)
time.sleep(3600)
