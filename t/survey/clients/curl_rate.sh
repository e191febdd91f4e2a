# SPDX-License-Identifier: Apache-2.0
# client: curl --rate
# kind: program
# pauses: between its requests
# debian: curl
# pattern: ^curl/
# note: one of two requests, the second of which is due a minute and a half later
if [ "$2" -gt 1 ]; then
    echo "with --rate it has a pause after each request"
    exit 77
elif [ "$3" -gt 0 ]; then
    curl -s "$1" | { head -c "$3" >/dev/null; sleep 3600; }
else
    curl -s --rate 40/h -o /dev/null "$1" -o /dev/null "$1"
fi
