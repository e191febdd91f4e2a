# SPDX-License-Identifier: Apache-2.0
#
# Completion of finwait-report for bash.
_finwait_report() {
    local cur prev words cword
    _init_completion || return
    case $prev in
    --by)
        COMPREPLY=($(compgen -W 'family ua vhost address peer cause hour' -- "$cur"))
        return ;;
    --outcome)
        COMPREPLY=($(compgen -W 'client_first fin late_fin reset timeout vanished unacked cut method
            unknown' -- "$cur"))
        return ;;
    --cause)
        COMPREPLY=($(compgen -W 'keepalive_timeout workers_busy client_asked server_limit error
            unread_body request_timeout no_request tunnel_end stopping client_gone other' -- "$cur"))
        return ;;
    --since | --until)
        COMPREPLY=($(compgen -W 'today yesterday now' -- "$cur"))
        return ;;
    --diff)
        COMPREPLY=($(compgen -W 'today yesterday' -- "$cur"))
        _filedir
        return ;;
    --ua | --family | --vhost | --address | --top | --min | --live | --watch | --clickhouse | --fail-if | --command | show | bug-report)
        return ;;
    esac
    if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W '--since --until --ua --family --vhost --address --outcome --cause
            --by --top --min --diff --follow --live --watch --clickhouse --password-file --command --fail-if --anonymize --ua-regexes --json --csv
            --markdown --httpd-conf --html --no-progress --help --version' -- "$cur"))
        return
    fi
    [[ $cword -eq 1 ]] && COMPREPLY=($(compgen -W 'show bug-report' -- "$cur"))
    _filedir
} &&
    complete -F _finwait_report finwait-report
