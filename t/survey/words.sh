# SPDX-License-Identifier: Apache-2.0
#
# What several of clients/*.sh use: `. /survey/words.sh` makes these of URL TIMES BYTES. $PORT is a
# port of the client's own.
url=$1 times=$2 size=$3
base=${url%/*}
host=${base#*://}
port=80 tls=
case $base in
https://*:*) port=${host##*:} tls=1 ;;
https://*) port=443 tls=1 ;;
esac
host=${host%:*}

# For a program each of whose commands ends.
only_once() {
    [ "$times$size" = 10 ] || { echo "each of its commands ends, and its connection with it"; exit 77; }
}

# For a program that takes what it is given.
not_half() {
    [ "$size" = 0 ] || { echo "it takes the reply as fast as it comes"; exit 77; }
}

# As often as TIMES says.
each_time() {
    i=0
    while [ $i -lt "$times" ]; do
        "$@"
        i=$((i + 1))
    done
}

# In a terminal where nobody types.
in_terminal() {
    sleep 3600 | TERM=xterm script -qfec "$1" /dev/null
}

# Through the proxy that is about to listen at $PORT. It is given curl's arguments, or asked for the page.
through() {
    [ $# -gt 0 ] || set -- "http://127.0.0.1:$PORT/${url##*/}"
    # Without a request, which would have a connection to the server of its own.
    until curl -s --max-time 0.1 "telnet://127.0.0.1:$PORT" </dev/null || [ $? -ne 7 ]; do sleep 0.2; done
    if [ "$size" = 0 ]; then
        each_time curl -s -o /dev/null "$@"
    else
        curl -s "$@" | { head -c "$size" >/dev/null; sleep 3600; }
    fi
    sleep 3600
}
