# SPDX-License-Identifier: Apache-2.0
# client: s3cmd get
# kind: program
# debian: s3cmd
# note: ends after its work
. /survey/words.sh
only_once
[ -n "$tls" ] || plain=--no-ssl
s3cmd $plain --access_key=a --secret_key=b --host="$host:$port" --host-bucket="$host:$port" \
    get s3://things/page.html .
