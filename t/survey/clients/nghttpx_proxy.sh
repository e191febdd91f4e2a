# SPDX-License-Identifier: Apache-2.0
# client: nghttpx
# kind: proxy
# debian: nghttp2-proxy curl
. /survey/words.sh
nghttpx -k --frontend="127.0.0.1,$PORT;no-tls" --backend="$host,$port;${tls:+;tls;proto=h2}" \
    --workers=1 --conf=/dev/null --errorlog-file=error.log --no-http2-cipher-block-list &
through -H "Host: $host"
