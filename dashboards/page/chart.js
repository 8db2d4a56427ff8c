/** One way to draw with ECharts: canvas, no HTML tooltips (the content policy forbids their styles), colours of the page. */

import { html, useEffect, useRef } from "./vendor/htm-preact.module.js";
import { hourMinute } from "./format.js";

/* global echarts */

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Settings that every chart shares; read at drawing time, so that light and dark both fit. */
export function shared() {
  const text = colour("--text-soft");
  const axis = { axisLine: { lineStyle: { color: colour("--rule") } }, axisLabel: { color: text, fontSize: 11 } };
  return {
    text,
    ink: colour("--ink"),
    warn: colour("--warn"),
    fill: colour("--fill"),
    base: {
      animation: false,
      grid: { left: 38, right: 12, top: 14, bottom: 22 },
      tooltip: {
        trigger: "axis",
        renderMode: "richText",
        backgroundColor: colour("--card"),
        borderColor: colour("--rule"),
        textStyle: { color: colour("--text"), fontSize: 12 },
      },
    },
    timeAxis: {
      type: "time",
      ...axis,
      splitNumber: 4,
      axisLabel: { ...axis.axisLabel, formatter: (milliseconds) => hourMinute(1000 * milliseconds), hideOverlap: true },
      splitLine: { show: false },
    },
    valueAxis: { type: "value", scale: true, ...axis, splitLine: { lineStyle: { color: colour("--rule"), opacity: 0.6 } } },
  };
}

/** A chart that fills the height its card leaves to it; draws anew only when it is given another option object. */
export function Chart({ option, label }) {
  const element = useRef(null);
  const chart = useRef(null);
  useEffect(() => {
    chart.current = echarts.init(element.current, null, { renderer: "canvas" });
    const watch = new ResizeObserver(() => chart.current.resize());
    watch.observe(element.current);
    return () => {
      watch.disconnect();
      chart.current.dispose();
    };
  }, []);
  useEffect(() => {
    if (option) chart.current.setOption(option, { notMerge: true });
  }, [option]);
  return html`<div ref=${element} class="chart" role="img" aria-label=${label}></div>`;
}
