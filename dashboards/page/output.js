/** Good parts of the line per step beside what the planned bottleneck could ideally give. */

import { html, useEffect, useMemo, useState } from "./vendor/htm-preact.module.js";
import { Chart, shared } from "./chart.js";
import { get } from "./net.js";

const STEP = 600e6;
const SPAN = 4 * 3600e6;

export function Output({ line, now, run }) {
  const [counts, setCounts] = useState(null);
  const until = Math.ceil(now / STEP) * STEP;
  const slot = Math.floor(now / 10e6); // fetched again every ten seconds of plant time
  useEffect(() => {
    let stale = false;
    get("output", { path: line.path, from: until - SPAN, to: until, step: STEP / 1e6, run })
      .then((answer) => stale || setCounts({ ...answer, now }))
      .catch(() => {}); // the next tick asks again
    return () => {
      stale = true;
    };
  }, [line.path, slot, run]);
  const option = useMemo(() => counts && build(counts, line.ideal_per_h), [counts, line.ideal_per_h]);
  return html`<section class="card output" aria-label="Throughput">
    <h2>Throughput <small>good parts per 10 min; dashed: ideal rate of ${line.planned_bottleneck}</small></h2>
    <${Chart} option=${option} label="Good parts per ten minutes against the ideal rate" />
  </section>`;
}

function build(counts, idealPerHour) {
  const look = shared();
  const ideal = (idealPerHour * STEP) / 3600e6;
  const bars = counts.t.map((t, i) => ({
    value: [(t + STEP / 2) / 1000, counts.parts[i]],
    itemStyle: { color: look.fill, opacity: t + STEP > counts.now ? 0.45 : 1 },
  }));
  return {
    ...look.base,
    xAxis: { ...look.timeAxis, min: counts.t[0] / 1000, max: (counts.t.at(-1) + STEP) / 1000 },
    yAxis: { ...look.valueAxis, scale: false, minInterval: 1, max: ceiling(Math.max(1.15 * ideal, ...counts.parts)) },
    series: [
      {
        type: "bar",
        name: "good parts",
        barWidth: "72%",
        data: bars,
        markLine: {
          symbol: "none",
          silent: true,
          animation: false,
          lineStyle: { color: look.ink, type: "dashed", width: 1.5 },
          label: { formatter: `ideal ${ideal.toFixed(1)}`, position: "insideEndTop", color: look.text, fontSize: 11 },
          data: [{ yAxis: ideal }],
        },
      },
    ],
  };
}

/** The next round number above: an axis that ends on a tick. */
function ceiling(value) {
  const step = value < 20 ? 2 : value < 100 ? 10 : 50;
  return Math.ceil(value / step) * step;
}
