# SPDX-License-Identifier: Apache-2.0
# client: Prometheus scrape
# kind: monitor
# debian: prometheus
# pattern: ^Prometheus/
. /survey/words.sh
not_half
[ "$times" = 1 ] || { echo "it asks at its intervals"; exit 77; }
cat >prometheus.yml <<END
scrape_configs:
  - job_name: survey
    scrape_interval: 90s
    scheme: ${url%%:*}
    metrics_path: /metrics.txt
    tls_config: {insecure_skip_verify: true}
    static_configs: [{targets: ["$host:$port"]}]
END
prometheus --config.file=prometheus.yml --storage.tsdb.path=data --web.listen-address="127.0.0.1:$PORT"
