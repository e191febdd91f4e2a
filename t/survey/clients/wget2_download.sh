# SPDX-License-Identifier: Apache-2.0
# client: Wget2
# kind: program
# debian: wget2
# note: ends after its work
if [ "$3" -gt 0 ]; then
    wget2 -q -O - "$1" | { head -c "$3" >/dev/null; sleep 3600; }
else
    wget2 -q -O /dev/null $(seq "$2" | sed "s|^|$1?|")
fi
