# SPDX-License-Identifier: Apache-2.0
# client: libcurl easy handle
# kind: library
# debian: libcurl3-gnutls python3-pycurl
# pattern: ^PycURL/
import sys
import time

import pycurl

url, times, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
got = 0


def take(part):
    global got
    got += len(part)
    if size and got >= size:
        time.sleep(3600)  # the program has enough, and does not say so


curl = pycurl.Curl()
curl.setopt(curl.URL, url)
curl.setopt(curl.WRITEFUNCTION, take)
for _ in range(times):
    curl.perform()
time.sleep(3600)
