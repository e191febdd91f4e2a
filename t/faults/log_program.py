#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""log_program.py log flag: appends its input to the log line by line; slowly while there is the flag."""

import os
import sys
import time

with open(sys.argv[1], "ab", buffering=0) as log:
    while text := os.read(0, 65536):
        for line in text.splitlines(True):
            log.write(line)
            if os.path.exists(sys.argv[2]):
                time.sleep(0.01)
