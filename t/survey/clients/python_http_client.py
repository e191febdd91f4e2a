# SPDX-License-Identifier: Apache-2.0
# client: Python http.client
# kind: library
# debian: python3
import http.client
import sys
import time
import urllib.parse

url, times, size = urllib.parse.urlsplit(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
connection = kind(url.netloc)
for _ in range(times):
    connection.request("GET", url.path)
    reply = connection.getresponse()
    reply.read(size or None)
time.sleep(3600)
