# SPDX-License-Identifier: Apache-2.0
# client: libcurl multi handle
# kind: library
# debian: libcurl3-gnutls python3-pycurl
# pattern: ^PycURL/
# The program's loop goes on, as a player's does, with a reply that it has paused.
import sys
import time

import pycurl

url, times, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
got = 0


def take(part):
    global got
    got += len(part)
    return pycurl.WRITEFUNC_PAUSE if size and got >= size else None


multi = pycurl.CurlMulti()


def fetch():
    curl = pycurl.Curl()
    curl.setopt(curl.URL, url)
    curl.setopt(curl.WRITEFUNCTION, take)
    multi.add_handle(curl)
    running = 1
    while running and not (size and got >= size):
        multi.select(1)
        running = multi.perform()[1]
    return curl


for _ in range(times):
    curl = fetch()
    if not size:
        multi.remove_handle(curl)
while True:
    if multi.select(1) <= 0:
        time.sleep(1)
    multi.perform()
