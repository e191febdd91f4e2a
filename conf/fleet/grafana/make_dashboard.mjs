// SPDX-License-Identifier: Apache-2.0
//
// node make_dashboard.mjs SDK >finwait-dashboard.json: the dashboard, made with Grafana's own SDK
// (npm's @grafana/grafana-foundation-sdk, in the folder SDK).
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const require = createRequire(import.meta.url);
const sdk = (part) => require(resolve(process.argv[2], 'dist', part));
const { DashboardBuilder, RowBuilder, QueryVariableBuilder, DatasourceVariableBuilder } = sdk('dashboard');
const kinds = Object.fromEntries(
  ['stat', 'timeseries', 'heatmap', 'table'].map((kind) => [kind, sdk(kind).PanelBuilder]));
const { DataqueryBuilder } = sdk('prometheus');

const prometheus = { type: 'prometheus', uid: '${prometheus}' };
const here = 'job="finwait",instance=~"$instance"';
const perSecond = (metric, by) => `sum by (${by}) (rate(${metric}{${here}}[$__rate_interval]))`;
const most = (by, expr) => [`topk(10, ${expr})`, by];

// Each panel: kind, title, unit, then queries and their legends.
const rows = {
  Now: [
    ['stat', 'Sockets in FIN_WAIT_2', 'short', [`sum(instance:finwait_sockets_fin_wait_2:sum{${here}})`]],
    ['stat', 'Closes that get stuck', 'percentunit',
      [`sum(instance:finwait_stuck_closes:rate5m{${here}}) / sum(instance:finwait_closes:rate5m{${here}})`]],
    ['stat', 'Nearest limit of a kernel', 'percentunit', [`max(instance_limit:finwait_kernel_limit:ratio{${here}})`]],
    ['stat', 'Closers that work', 'short', [`sum(finwait_up{${here}})`]],
  ],
  Sockets: [
    ['timeseries', 'In FIN_WAIT_2: the ten servers with most', 'short',
      most('{{instance}}', `instance:finwait_sockets_fin_wait_2:sum{${here}}`)],
    ['timeseries', 'Peak of each minute', 'short', most('{{instance}}', `finwait_fin_wait_2_peak_sockets{${here}}`)],
    ['timeseries', 'By owner and state', 'short',
      [`sum by (owner, state) (finwait_sockets{${here}})`, '{{owner}} {{state}}']],
    ['timeseries', 'The part of the first client', 'percentunit',
      most('{{instance}}', `finwait_top_client_ratio{${here}}`)],
    ['heatmap', 'Time in FIN_WAIT_2', 's',
      [`sum by (le) (increase(finwait_fin_wait_2_seconds_bucket{${here}}[$__rate_interval]))`, '{{le}}']],
    ['timeseries', 'The oldest socket', 's', most('{{instance}}', `finwait_oldest_socket_age_seconds{${here}}`)],
    ['timeseries', 'Backends that do not close', 'short',
      [`sum by (address) (finwait_backend_sockets{${here},state="fin_wait_2"})`, '{{address}}']],
    ['timeseries', 'Proxies', 'short', [`sum by (instance) (finwait_proxy_sockets{${here},state="fin_wait_2"})`, '{{instance}}']],
  ],
  Closes: [
    ['timeseries', 'Outcomes', 'cps', [perSecond('finwait_closes_total', 'outcome'), '{{outcome}}']],
    ['timeseries', 'Why the server closed', 'cps', [perSecond('finwait_close_causes_total', 'cause'), '{{cause}}']],
    ['timeseries', 'How drains end', 'cps', [perSecond('finwait_close_drains_total', 'drain'), '{{drain}}']],
    ['timeseries', 'Stuck share: the ten virtual hosts with most', 'percentunit',
      most('{{vhost}} ({{instance}})', `instance_vhost:finwait_stuck_closes:ratio_rate5m{${here}}`)],
    ['timeseries', 'Culprits', 'short', most('{{instance}}', `finwait_culprits{${here}}`)],
    ['table', 'Remedies in force', 'short', [`sum by (instance, remedy) (finwait_remedies_active{${here}}) > 0`]],
  ],
  Closers: [
    ['timeseries', 'What they do not do', 'cps',
      [`sum by (reason) (rate(finwait_declined_total{${here}}[$__rate_interval]))`, 'declined: {{reason}}'],
      [`sum(rate(finwait_shed_total{${here}}[$__rate_interval]))`, 'shed'],
      [`sum(rate(finwait_dropped_total{${here}}[$__rate_interval]))`, 'dropped'],
      [`sum(rate(finwait_lost_total{${here}}[$__rate_interval]))`, 'lost']],
    ['timeseries', 'Logs that wait', 's', most('{{instance}}', `finwait_log_wait_seconds{${here}}`)],
    ['timeseries', 'Processor time', 'percentunit',
      most('{{instance}}', `rate(finwait_closer_cpu_seconds_total{${here}}[$__rate_interval])`)],
    ['timeseries', 'Memory', 'bytes', most('{{instance}}', `finwait_closer_resident_memory_bytes{${here}}`)],
  ],
};

const target = ([expr, legend = ''], i) =>
  new DataqueryBuilder().expr(expr).legendFormat(legend).refId('ABCD'[i]).datasource(prometheus);

function panelOf([kind, title, unit, ...queries]) {
  const panel = new kinds[kind]().title(title).unit(unit).datasource(prometheus);
  panel.gridPos({ x: 0, y: 0, w: kind === 'stat' ? 6 : 12, h: kind === 'stat' ? 4 : 8 });
  queries.map(target).forEach((query) => {
    if (kind === 'heatmap') query.format('heatmap');
    if (kind === 'table') query.instant().format('table');
    panel.withTarget(query);
  });
  return panel;
}

const dashboard = new DashboardBuilder('mod_finwait').uid('finwait').tags(['apache', 'finwait'])
  .refresh('30s').time({ from: 'now-6h', to: 'now' }).timezone('browser')
  .withVariable(new DatasourceVariableBuilder('prometheus').type('prometheus'))
  .withVariable(new QueryVariableBuilder('instance').datasource(prometheus)
    .query({ query: 'label_values(finwait_build_info{job="finwait"}, instance)', refId: 'instances' })
    .refresh(2).multi(true).includeAll(true).allValue('.*'));
for (const [title, panels] of Object.entries(rows)) {
  dashboard.withRow(new RowBuilder(title));
  panels.forEach((panel) => dashboard.withPanel(panelOf(panel)));
}

const built = JSON.parse(JSON.stringify(dashboard.build()));
// The SDK gives panels no numbers; links and alarms need some that stay.
built.panels.forEach((panel, i) => { panel.id = i + 1; });
process.stdout.write(JSON.stringify(built, null, 2) + '\n');
