/** The figures of a line: its OEE beside three bars of its machines, and its flow beside the ideal. */

import { html } from "./vendor/htm-preact.module.js";
import { band, number, percent, span, whole } from "./format.js";

function Bar({ label, kpi, title }) {
  const share = kpi?.value ?? 0;
  return html`<div class="bar" title=${title}>
    <span class="bar-label">${label}</span>
    <span class="bar-track" role="img" aria-label=${`${label} ${percent(kpi?.value)} percent`}>
      <span class="bar-fill" style=${{ width: `${Math.min(100, 100 * share)}%` }}></span>
      ${kpi && kpi.coverage !== null && kpi.coverage < 1 && kpi.lower !== null && kpi.upper !== null
        ? html`<span class="bar-band" style=${{ left: `${100 * kpi.lower}%`, width: `${Math.min(100, 100 * (kpi.upper - kpi.lower))}%` }}></span>`
        : null}
    </span>
    <span class="bar-value">${percent(kpi?.value)}<small> %</small></span>
  </div>`;
}

function Tile({ label, value, unit, note, title }) {
  return html`<div class="tile" title=${title}>
    <div class="tile-label">${label}</div>
    <div class="tile-value">${value}<small> ${unit}</small></div>
    <div class="tile-note">${note || "\u00a0"}</div>
  </div>`;
}

export function Tiles({ line }) {
  const kpis = line.kpis;
  const oee = kpis.oee;
  const ideal = line.ideal_per_h;
  const rate = kpis.throughput?.value;
  const lead = kpis.lead_time?.value;
  const [leadTime, leadUnit] = lead === null || lead === undefined ? ["–", ""] : span(1e6 * lead);
  const reached = rate !== null && rate !== undefined && ideal ? `${percent(rate / ideal, 0)} % of the ideal ${number(ideal)}` : "";
  return html`<section class="tiles" aria-label="Figures of the last hour">
    <div class="tile oee" title=${`Good parts × planned run time of the planned bottleneck ${line.planned_bottleneck} / its planned busy time (ISO 22400-2 OEE index, of the line)`}>
      <div class="oee-head">
        <div class="tile-label">OEE of the line</div>
        <div class="tile-value">${percent(oee?.value)}<small> %</small></div>
        <div class="tile-note">${band(oee, 100) || "last hour"}</div>
      </div>
      <div class="oee-bars">
        <div class="tile-label">All machines, pooled</div>
        <${Bar} label="Availability" kpi=${kpis.availability} title="APT / PBT over all machines" />
        <${Bar} label="Effectiveness" kpi=${kpis.effectiveness} title="PRI · PQ / APT over all machines" />
        <${Bar} label="Quality" kpi=${kpis.quality_ratio} title="GQ / PQ over all machines" />
      </div>
    </div>
    <${Tile} label="Throughput" value=${number(rate)} unit="good parts/h" note=${reached} title=${`Good parts leaving the line per hour; the ideal is the planned rate of ${line.planned_bottleneck}`} />
    <${Tile} label="Work in process" value=${whole(line.wip)} unit="parts" note=${`mean ${number(kpis.wip?.value)}`} title="Parts inside the line now, and their time average over the last hour" />
    <${Tile} label="Lead time" value=${leadTime} unit=${leadUnit} note="mean of good parts" title="From the first place in the line to leaving it, of the good parts of the last hour" />
    <${Tile} label="Good parts" value=${whole(line.parts_out)} unit="" note=${`${whole(line.parts_scrapped)} scrapped, since start`} title="Good parts that left the line since the run began" />
  </section>`;
}
