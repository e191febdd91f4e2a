// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace finwait {

inline constexpr std::string_view kPageStyle = R"(
:root{color-scheme:light dark;--bg:#fff;--ink:#1b1f24;--muted:#5c6670;--line:#dde2e8;--card:#f5f7f9;
--held:#2f6fdb;--waiting:#d97400;--other:#87919c;--time:#8250df;--calm:#1a7f37;--watch:#b65c00;--bad:#c62828}
@media(prefers-color-scheme:dark){:root{--bg:#14171b;--ink:#e4e8ec;--muted:#9aa5b1;--line:#2c333b;
--card:#1c2127;--held:#6ea2ff;--waiting:#ffab4a;--other:#7c8793;--time:#b794f6;--calm:#5fd07f;--watch:#ffb454;
--bad:#ff7b72}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1rem;max-width:76rem;background:var(--bg);color:var(--ink);
font:15px/1.5 system-ui,sans-serif}
h1{font-size:1rem;margin:0;font-weight:600}h2{font-size:1.05rem;margin:2rem 0 .5rem}
p{margin:.25rem 0}.muted,small{color:var(--muted)}small{font-size:.85em}
header{display:flex;flex-wrap:wrap;gap:0 1.5rem;justify-content:space-between;margin-bottom:.75rem}
a{color:var(--held)}
.verdict{padding:1rem 1.25rem;border-left:.4rem solid;background:var(--card);border-radius:.4rem;
font-size:1.4rem;line-height:1.35;overflow-wrap:anywhere}
.calm{border-color:var(--calm)}.watch{border-color:var(--watch)}.bad{border-color:var(--bad)}
.verdict small{display:block;font-size:.9rem;margin-top:.3rem}
.verdict.watch b{color:var(--watch)}.verdict.bad b{color:var(--bad)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:.75rem;margin:1rem 0}
.tile{background:var(--card);border-radius:.4rem;padding:.6rem .9rem;line-height:1.35}
.tile b{display:block;font-size:1.6rem;line-height:1.3;font-variant-numeric:tabular-nums}
svg{display:block}.bar{width:100%;height:.4rem;margin-top:.25rem}
.bar .back{fill:var(--line)}.fill-held,.fill-draining{fill:var(--held)}.fill-waiting{fill:var(--waiting)}
.fill-other{fill:var(--other)}.fill-time{fill:var(--time)}
.chart{width:100%;height:9rem;background:var(--card);border-radius:.4rem}
.chart line{stroke:var(--line);vector-effect:non-scaling-stroke}
.axis{display:flex;justify-content:space-between;color:var(--muted);font-size:.85em}
.key::before{content:"";display:inline-block;width:.8em;height:.8em;border-radius:.15em;
margin:0 .35em 0 .8em;background:var(--other)}
.key.draining::before{background:var(--held)}.key.waiting::before{background:var(--waiting)}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th{text-align:right;font-weight:600;color:var(--muted);font-size:.85em;vertical-align:bottom}
th,td{padding:.35rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
td{text-align:right;white-space:nowrap}
th:first-child,td:first-child{text-align:left;padding-left:0}
td.agent{white-space:normal;overflow-wrap:anywhere;min-width:16rem;width:40%}
td.agent b{font-weight:600}td.text{text-align:left;white-space:normal;overflow-wrap:anywhere}
.columns td.text{min-width:9rem}
.columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(19rem,1fr));gap:0 2rem}
details summary{cursor:pointer;color:var(--muted);font-size:.85em}
ul{list-style:none;padding:0;margin:0}li{padding:.25rem 0;border-bottom:1px solid var(--line);
overflow-wrap:anywhere}
.level-error{color:var(--bad);font-weight:600}.level-warning{color:var(--watch);font-weight:600}
footer{margin-top:2.5rem;color:var(--muted);font-size:.85em}
@media(max-width:44rem){body{padding:.6rem}.verdict{font-size:1.15rem;padding:.75rem .9rem}
.tiles{grid-template-columns:1fr 1fr}.states small{display:none}.states td.text{min-width:6.5rem}
.rows thead{display:none}.rows tr{display:block;padding:.6rem 0;border-bottom:1px solid var(--line)}
.rows td{display:flex;justify-content:space-between;gap:1rem;border:0;padding:.1rem 0;
white-space:normal;text-align:right;overflow-wrap:anywhere}
.rows td::before{content:attr(data-label);color:var(--muted);text-align:left;white-space:nowrap}
.rows td.agent{display:block;text-align:left;width:auto;min-width:0}
.rows td .bar{max-width:8rem}
th,td{padding:.3rem .35rem}
.states th,.states td{padding:.3rem .15rem}.states th{font-size:.72rem}}
)";

}  // namespace finwait
