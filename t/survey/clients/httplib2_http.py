# SPDX-License-Identifier: Apache-2.0
# client: httplib2
# kind: library
# debian: python3-httplib2
# pattern: ^Python-httplib2/
import sys
import time

import httplib2

url, times, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
if size:
    print("it reads every reply whole")
    sys.exit(77)
http = httplib2.Http()
for _ in range(times):
    http.request(url)
time.sleep(3600)
