# SPDX-License-Identifier: Apache-2.0
# client: Caddy reverse_proxy
# kind: proxy
# debian: caddy curl
. /survey/words.sh
[ -z "$tls" ] || transport="transport http {
    tls_server_name $host
}"
cat >Caddyfile <<END
{
    admin off
    auto_https off
}
http://127.0.0.1:$PORT {
    reverse_proxy ${url%%:*}://$host:$port {
        header_up Host $host
        $transport
    }
}
END
caddy run --config Caddyfile --adapter caddyfile &
through
