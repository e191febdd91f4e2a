# SPDX-License-Identifier: Apache-2.0
# client: urllib3 PoolManager
# kind: library
# debian: python3-urllib3
# pattern: ^python-urllib3/
import sys
import time

import urllib3

url, times, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
pool = urllib3.PoolManager(ca_certs="/etc/ssl/certs/ca-certificates.crt")
for _ in range(times):
    reply = pool.request("GET", url, preload_content=not size)
    if size:
        reply.read(size)
time.sleep(3600)
