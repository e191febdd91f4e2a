# SPDX-License-Identifier: Apache-2.0
# client: Squid
# kind: proxy
# debian: squid-openssl curl
. /survey/words.sh
cat >squid.conf <<END
http_port 127.0.0.1:$PORT accel defaultsite=$host
pid_filename none
cache_log $PWD/cache.log
access_log none
cache deny all
http_access allow all
cache_peer $host parent $port 0 no-query originserver ${tls:+tls tls-cafile=/etc/ssl/certs/ca-certificates.crt}
coredump_dir $PWD
END
squid -N -n "s$PORT" -f squid.conf &
through
