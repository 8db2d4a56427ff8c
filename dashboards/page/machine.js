/** The chosen machine: what it does, its figures, and one of its signals over time. */

import { html, useEffect, useMemo, useState } from "./vendor/htm-preact.module.js";
import { Chart, shared } from "./chart.js";
import { duration, glyph, number, percent, time, whole } from "./format.js";
import { get } from "./net.js";
import { SPANS, Spans } from "./spans.js";

const RECENT = 8 * 3600e6;
const NUMBERS = ["float", "int"];
const HELD = ["change", "exception"]; // such a signal keeps its value until it tells another one

function Doing({ machine, states, now }) {
  const row = states[machine.state] ?? states.unknown;
  const what = machine.reason ? `${row.title} · ${machine.reason}` : row.title;
  return html`<p class=${`doing state-${machine.state}`}>
    <span class="chip" style=${{ background: row.colour }}>${glyph(row.symbol)}</span>
    <span><b>${what}</b>${machine.since === null ? "" : ` for ${duration(now - machine.since)}`}</span>
    <span class="part">${machine.part ? `part ${machine.part}` : "no part"}</span>
  </p>`;
}

function Figure({ label, value, title }) {
  return html`<div class="figure" title=${title}><dt>${label}</dt><dd>${value}</dd></div>`;
}

function Figures({ machine, kpis }) {
  const length = (kpi) => (kpi?.value === null || kpi?.value === undefined ? "–" : duration(1e6 * kpi.value));
  return html`<dl class="figures">
    <${Figure} label="Last cycle" value=${machine.cycle_us === null ? "–" : `${number(machine.cycle_us / 1e6)} s`} title="work on the last part, without stops" />
    <${Figure} label="Finished" value=${whole(machine.parts_finished)} title="parts since the run began" />
    <${Figure} label="Scrapped" value=${whole(machine.parts_scrapped)} title="parts since the run began" />
    <${Figure} label="Energy" value=${machine.energy_kwh === null ? "–" : `${number(machine.energy_kwh)} kWh`} title="since the run began" />
    <${Figure} label="OEE" value=${`${percent(kpis?.oee?.value)} %`} title="of the last 8 hours" />
    <${Figure} label="Availability" value=${`${percent(kpis?.availability?.value)} %`} title="APT / PBT of the last 8 hours" />
    <${Figure} label="MTBF" value=${length(kpis?.["mtbf.usual"])} title="operating time per failure, last 8 hours" />
    <${Figure} label="MTTR" value=${length(kpis?.["mttr.usual"])} title="mean time to restoration, last 8 hours" />
  </dl>`;
}

export function MachinePanel({ machine, type, states, first, now, run, span, onSpan }) {
  const tags = type.tags;
  const names = machine.signals.filter((name) => NUMBERS.includes(tags[name].datatype));
  const [tag, setTag] = useState(names[0]);
  const [series, setSeries] = useState(null);
  const [kpis, setKpis] = useState(null);
  const chosen = names.includes(tag) ? tag : names[0];
  const slot = Math.floor(now / 10e6);
  useEffect(() => {
    let stale = false;
    const length = SPANS[span];
    const step = Math.max(2, Math.round(length / 1e6 / 360));
    get("series", { path: machine.path, tag: chosen, from: now - length, to: now, step, run })
      .then((answer) => stale || setSeries({ ...answer, tag: chosen, path: machine.path }))
      .catch(() => {});
    get("kpis", { path: machine.path, from: Math.max(first, now - RECENT), to: now, run })
      .then((answer) => stale || setKpis(answer.kpis))
      .catch(() => {});
    return () => {
      stale = true;
    };
  }, [machine.path, chosen, span, slot, run]);
  const fits = series && series.tag === chosen && series.path === machine.path;
  const option = useMemo(() => (fits ? build(series, tags[chosen]) : null), [fits, series]);
  return html`<section class="card machine-card" aria-label=${`Machine ${machine.path}`} data-machine=${machine.path}>
    <div class="card-head">
      <h2>${machine.name} <small>${type.title}</small></h2>
      <select aria-label="Signal" value=${chosen} onChange=${(event) => setTag(event.target.value)}>
        ${names.map((name) => html`<option key=${name} value=${name}>${[tags[name].title || name, tags[name].unit_symbol].filter(Boolean).join(", ")}</option>`)}
      </select>
      <${Spans} span=${span} onSpan=${onSpan} />
    </div>
    <${Doing} machine=${machine} states=${states} now=${now} />
    <${Chart} option=${option} label=${`${tags[chosen].title} of ${machine.name}`} />
    <${Figures} machine=${machine} kpis=${kpis} />
    ${machine.alarms.length > 0 &&
    html`<ul class="alarms" aria-label="Alarms">
      ${machine.alarms.map((alarm) => html`<li key=${alarm.code}><span class="chip alarm">!</span>${alarm.text} since ${time(alarm.since)}${fate(alarm)}</li>`)}
    </ul>`}
  </section>`;
}

/** What became of an alarm, in words: who knows of it, or that it went away before anybody did. */
function fate(alarm) {
  if (alarm.acknowledged_by) return `, acknowledged by ${alarm.acknowledged_by}`;
  return alarm.cleared === null ? "" : `, gone since ${time(alarm.cleared)}, not acknowledged`;
}

function build(series, tag) {
  const look = shared();
  const at = series.t.map((t) => t / 1000);
  const points = (values) => values.map((value, i) => [at[i], value]);
  const spread = series.max.map((high, i) => [at[i], high === null ? null : high - series.min[i]]);
  const kept = HELD.includes(tag.sampling) ? { step: "end", connectNulls: true } : {};
  // a sample with none beside it, as of a slow signal, makes no line: it is a dot
  const alone = (i) => [series.mean[i - 1], series.mean[i + 1]].every((value) => value === null || value === undefined);
  const dots = { symbol: "circle", showAllSymbol: true, symbolSize: (_, { dataIndex }) => (alone(dataIndex) ? 3 : 0) };
  const quiet = { type: "line", symbol: "none", lineStyle: { opacity: 0 }, stack: "range", silent: true, tooltip: { show: false } };
  return {
    ...look.base,
    xAxis: { ...look.timeAxis, min: at[0], max: at.at(-1) },
    yAxis: look.valueAxis,
    series: [
      { ...quiet, data: points(series.min) },
      { ...quiet, data: spread, areaStyle: { color: look.fill, opacity: 0.28 } },
      { type: "line", name: tag.title, ...dots, ...kept, data: points(series.mean), lineStyle: { color: look.ink, width: 1.4 }, itemStyle: { color: look.ink } },
    ],
  };
}
