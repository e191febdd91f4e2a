# SPDX-License-Identifier: Apache-2.0
# client: Wget2 --input-file
# kind: program
# pauses: between its requests
# debian: wget2
# pattern: ^[Ww]get2/
# note: URLs come from another program, the next one much later
if [ "$3" -gt 0 ]; then
    wget2 -q -O - "$1" | { head -c "$3" >/dev/null; sleep 3600; }
else
    { seq "$2" | sed "s|^|$1?|"; sleep 3600; } |
        wget2 -q -O /dev/null --max-threads=1 --input-file=-
fi
