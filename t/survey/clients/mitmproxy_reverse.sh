# SPDX-License-Identifier: Apache-2.0
# client: mitmproxy
# kind: proxy
# debian: mitmproxy curl
# heavy: yes
. /survey/words.sh
mitmdump -q --ssl-insecure --set confdir="$PWD" --set stream_large_bodies=1m \
    --listen-port "$PORT" --listen-host 127.0.0.1 --mode "reverse:$base" &
through
