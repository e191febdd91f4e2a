# SPDX-License-Identifier: Apache-2.0
# client: tinyproxy
# kind: proxy
# debian: tinyproxy-bin curl
. /survey/words.sh
[ -z "$tls" ] || { echo "it passes TLS on as it is"; exit 77; }
cat >tinyproxy.conf <<END
Port $PORT
Listen 127.0.0.1
MaxClients 10
Allow 127.0.0.1
PidFile "$PWD/pid"
LogFile "$PWD/log"
END
tinyproxy -d -c tinyproxy.conf &
through -x "http://127.0.0.1:$PORT" "$url"
