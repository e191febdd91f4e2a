# SPDX-License-Identifier: Apache-2.0
# client: HAProxy health check
# kind: monitor
# debian: haproxy
. /survey/words.sh
not_half
[ "$times" = 1 ] || { echo "it asks at its intervals"; exit 77; }
[ -z "$tls" ] || ssl="ssl verify none check-ssl check-sni $host"
cat >haproxy.cfg <<END
defaults
    mode http
    timeout connect 5s
    timeout client 1h
    timeout server 1h
frontend in
    bind 127.0.0.1:$PORT
    default_backend survey
backend survey
    option httpchk
    http-check send meth GET uri /page.html ver HTTP/1.1 hdr Host $host
    server one $host:$port check inter 1h $ssl
END
haproxy -db -f haproxy.cfg
