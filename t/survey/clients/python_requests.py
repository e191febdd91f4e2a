# SPDX-License-Identifier: Apache-2.0
# client: python-requests Session
# kind: library
# debian: python3-requests
# pattern: ^python-requests/
import sys
import time

import requests

url, times, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
session = requests.Session()
for _ in range(times):
    reply = session.get(url, stream=True)
    reply.raw.read(size) if size else reply.content
time.sleep(3600)
