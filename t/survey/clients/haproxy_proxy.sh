# SPDX-License-Identifier: Apache-2.0
# client: HAProxy
# kind: proxy
# debian: haproxy curl
# note: http-reuse always
. /survey/words.sh
[ -z "$tls" ] || ssl="ssl verify none sni str($host) alpn h2,http/1.1"
cat >haproxy.cfg <<END
defaults
    mode http
    timeout connect 5s
    timeout client 1h
    timeout server 1h
    http-reuse always
frontend in
    bind 127.0.0.1:$PORT
    http-request set-header Host $host
    default_backend survey
backend survey
    server one $host:$port $ssl
END
haproxy -db -f haproxy.cfg &
through
