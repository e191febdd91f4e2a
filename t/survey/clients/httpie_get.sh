# SPDX-License-Identifier: Apache-2.0
# client: HTTPie
# kind: program
# debian: httpie
# note: ends after its work
. /survey/words.sh
only_once
http --ignore-stdin --verify /etc/ssl/certs/ca-certificates.crt "$url"
