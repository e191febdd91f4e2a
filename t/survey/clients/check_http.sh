# SPDX-License-Identifier: Apache-2.0
# client: monitoring-plugins check_http
# kind: monitor
# debian: monitoring-plugins-basic
# note: ends after its work
. /survey/words.sh
only_once
[ -z "$tls" ] || ssl=--ssl
/usr/lib/nagios/plugins/check_http $ssl -H "$host" -p "$port" -u "/${url##*/}"
