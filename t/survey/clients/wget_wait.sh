# SPDX-License-Identifier: Apache-2.0
# client: Wget --wait
# kind: program
# pauses: between its requests
# debian: wget
# pattern: ^Wget/
# note: one of two requests, the second of which is due much later
if [ "$2" -gt 1 ]; then
    echo "with --wait it has a pause after each request"
    exit 77
elif [ "$3" -gt 0 ]; then
    wget -q -O - "$1" | { head -c "$3" >/dev/null; sleep 3600; }
else
    wget -q -O /dev/null --wait=3600 "$1" "$1"
fi
