# SPDX-License-Identifier: Apache-2.0
#
# A real apache2 of the distribution, on 127.0.0.1 only.
set -eu

port=8089
log=/var/log/apache2/finwait.log

set_up() {
    printf 'Listen 127.0.0.1:%s\n' "$port" >/etc/apache2/ports.conf
    sed -i "s/<VirtualHost \*:80>/<VirtualHost 127.0.0.1:$port>/" /etc/apache2/sites-available/000-default.conf
    printf 'ServerName localhost\n' >/etc/apache2/conf-available/autopkgtest.conf
    a2enconf -q autopkgtest
    a2query -m finwait
    apache2ctl configtest
    apache2ctl -k stop 2>/dev/null || true
    wait_for '! pgrep -x apache2 >/dev/null'
    rm -f "$log" "$log".*
    apache2ctl -k start
    wait_for "curl -sfo /dev/null http://127.0.0.1:$port/"
    wait_for 'pgrep -x finwait-closer >/dev/null'
}
tear_down() { apache2ctl -k stop || true; }
trap tear_down EXIT

# wait_for CONDITION [SECONDS]
wait_for() {
    for _ in $(seq $((${2:-20} * 10))); do
        ! eval "$1" || return 0
        sleep 0.1
    done
    echo "FAIL: not within ${2:-20} s: $1" >&2
    tail -20 /var/log/apache2/error.log >&2
    return 1
}
# One request of its own connection, by the User-Agent $1.
request() { curl -sf -H 'Connection: close' -A "$1" -o /dev/null "http://127.0.0.1:$port/"; }
# Records by this User-Agent's beginning, in all files there are.
records() { zcat -f "$log"* 2>/dev/null | grep -c "\"user_agent.original\":\"$1" || true; }
reload() { kill -USR1 "$(cat /run/apache2/apache2.pid)"; }
