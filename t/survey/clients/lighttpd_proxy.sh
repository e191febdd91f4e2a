# SPDX-License-Identifier: Apache-2.0
# client: lighttpd mod_proxy
# kind: proxy
# debian: lighttpd curl
. /survey/words.sh
[ -z "$tls" ] || { echo "it speaks no TLS to a backend"; exit 77; }
cat >lighttpd.conf <<END
server.modules = ("mod_proxy")
server.document-root = "$PWD"
server.bind = "127.0.0.1"
server.port = $PORT
proxy.server = ("" => ((
    "host" => "$(getent ahostsv4 "$host" | awk 'NR == 1 { print $1 }')",
    "port" => $port)))
END
lighttpd -D -f lighttpd.conf &
through
