# SPDX-License-Identifier: Apache-2.0
# client: Varnish backend
# kind: proxy
# debian: varnish curl gcc libc6-dev
. /survey/words.sh
[ -z "$tls" ] || { echo "it speaks no TLS to a backend"; exit 77; }
cat >survey.vcl <<END
vcl 4.0;
backend default { .host = "$host"; .port = "$port"; }
sub vcl_recv { return (pass); }
END
varnishd -F -n "$PWD/varnish" -j none -s malloc,16m -a "127.0.0.1:$PORT" -f "$PWD/survey.vcl" &
through
