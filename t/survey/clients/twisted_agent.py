# SPDX-License-Identifier: Apache-2.0
# client: Twisted Agent (treq)
# kind: library
# debian: python3-treq
import sys

import treq
from twisted.internet import defer, task

url, times, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
got = 0


@defer.inlineCallbacks
def main(reactor):
    global got
    for _ in range(times):
        reply = yield treq.get(url, unbuffered=True)
        if size:
            def take(part):
                global got
                got += len(part)
                if got >= size:
                    reply.original._transport.pauseProducing()
            yield treq.collect(reply, take)
        else:
            yield treq.content(reply)
    yield task.deferLater(reactor, 3600, lambda: None)


task.react(main)
