/** States of all machines over time, as rows; states differ by height as well as by colour. */

import { html, useEffect, useRef, useState } from "./vendor/htm-preact.module.js";
import { duration, glyph, hourMinute, time } from "./format.js";
import { get } from "./net.js";
import { SPANS, Spans } from "./spans.js";

const TALL = 24; // height of a row, less where there are many
const SMALL = 14;
const ROOM = 300;
const AXIS = 22;
const GRAVE = ["unknown", "blocked", "failed"]; // drawn last, so that a short stop is not painted over
/** [top, height] as shares of the row: what runs or fails fills it, what waits is thin at the side it waits for. */
const SHAPE = { processing: [0.18, 0.64], failed: [0, 1], blocked: [0, 0.42], starved: [0.58, 0.42], unknown: [0.42, 0.16] };

export function Timeline({ line, states, now, run, selected, onSelect, span, onSpan }) {
  const [data, setData] = useState(null);
  const [hint, setHint] = useState(null);
  const canvas = useRef(null);
  const names = line.stations.flatMap((station) => station.machines.map((machine) => ({ path: machine.path, name: machine.name })));
  const high = Math.round(Math.min(TALL, Math.max(SMALL, ROOM / names.length)));
  const length = SPANS[span];
  const slot = Math.floor(now / (length > 3600e6 ? 60e6 : 5e6));
  useEffect(() => {
    let stale = false;
    get("intervals", { path: line.path, from: now - length, to: now, run })
      .then((answer) => stale || setData(answer))
      .catch(() => {}); // the next tick asks again
    return () => {
      stale = true;
    };
  }, [line.path, span, slot, run]);
  useEffect(() => {
    if (!data) return undefined;
    const paint = () => draw(canvas.current, data, names, states, selected, high);
    const watch = new ResizeObserver(paint);
    watch.observe(canvas.current.parentElement);
    paint();
    return () => watch.disconnect();
  }, [data, selected, names.length]);
  const point = (event) => {
    const found = data && locate(canvas.current, event, data, names, high);
    setHint(found ? { ...found, x: event.offsetX, y: event.offsetY } : null);
  };
  const choose = (event) => {
    const row = Math.floor(event.offsetY / high);
    if (names[row]) onSelect(names[row].path);
  };
  return html`<section class="card timeline" aria-label="State timeline">
    <div class="card-head">
      <h2>States</h2>
      <${Legend} states=${states} seen=${data ? seenIn(data) : new Set()} />
      <${Spans} span=${span} onSpan=${onSpan} />
    </div>
    <div class="timeline-body">
      <ol class="timeline-names" style=${{ lineHeight: `${high}px`, fontSize: `${Math.min(12, high - 3)}px` }} aria-hidden="true">
        ${names.map((row) => html`<li key=${row.path} class=${row.path === selected ? "on" : ""}>${row.name}</li>`)}
      </ol>
      <div class="timeline-canvas" style=${{ height: `${names.length * high + AXIS}px` }}>
        <canvas ref=${canvas} onPointerMove=${point} onPointerLeave=${() => setHint(null)} onClick=${choose} role="img" aria-label=${`States of ${names.length} machines over the last ${span}`}></canvas>
        ${hint && html`<div class=${`hint ${hint.x > canvas.current.clientWidth / 2 ? "left" : ""}`} style=${{ left: `${hint.x}px`, top: `${hint.y + 14}px` }}>${hint.name}: ${states[hint.state].title}${hint.reason ? ` · ${hint.reason}` : ""}<br />${time(hint.begin)}, ${duration(hint.end - hint.begin)}</div>`}
      </div>
    </div>
  </section>`;
}

const USUAL = ["processing", "starved", "blocked", "failed", "unknown"]; // in the legend also when nothing is in them

function seenIn(data) {
  return new Set(Object.values(data.machines).flatMap((intervals) => intervals.map((one) => one.state)));
}

function Legend({ states, seen }) {
  const rare = Object.keys(states).filter((name) => seen.has(name) && !USUAL.includes(name));
  return html`<ul class="legend" aria-label="Legend">
    ${[...USUAL.slice(0, -1), ...rare, ...USUAL.slice(-1)].map(
      (name) => html`<li key=${name} class=${`state-${name}`}><span class="chip" style=${{ background: states[name].colour }}>${glyph(states[name].symbol)}</span>${states[name].title}</li>`,
    )}
  </ul>`;
}

function draw(canvas, data, names, states, selected, high) {
  const width = canvas.parentElement.clientWidth;
  const height = names.length * high + AXIS;
  const ratio = window.devicePixelRatio || 1;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const look = getComputedStyle(document.documentElement);
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  const x = (t) => Math.round((((t - data.from) / (data.to - data.from)) * width) * ratio) / ratio; // on whole pixels: no seams
  const unknown = look.getPropertyValue("--text-soft").trim();
  names.forEach(({ path }, row) => {
    const top = row * high + 2;
    const bar = high - 4;
    pen.fillStyle = look.getPropertyValue(path === selected ? "--row-on" : "--row").trim();
    pen.fillRect(0, row * high + 1, width, high - 2);
    for (const interval of inOrder(data.machines[path] ?? [])) {
      const left = x(interval.begin);
      const least = GRAVE.includes(interval.state) ? 1 : 0;
      const wide = Math.max(least, x(interval.end) - left);
      const [from, share] = SHAPE[interval.state] ?? [0.3, 0.4];
      pen.fillStyle = interval.state === "unknown" ? unknown : states[interval.state].colour;
      pen.fillRect(left, top + from * bar, wide, share * bar);
    }
  });
  axis(pen, data, width, height, unknown);
}

const inOrder = (intervals) => [...intervals].sort((a, b) => GRAVE.indexOf(a.state) - GRAVE.indexOf(b.state));

function axis(pen, data, width, height, colour) {
  const steps = [60e6, 300e6, 600e6, 1800e6, 3600e6, 7200e6];
  const most = Math.max(2, Math.floor(width / 90));
  const step = steps.find((s) => (data.to - data.from) / s <= most) ?? 14400e6;
  pen.fillStyle = colour;
  pen.font = "11px system-ui, sans-serif";
  pen.textAlign = "center";
  for (let t = Math.ceil(data.from / step) * step; t < data.to; t += step) {
    const x = ((t - data.from) / (data.to - data.from)) * width;
    pen.fillRect(x, height - AXIS, 1, 4);
    if (x > 20 && x < width - 20) pen.fillText(hourMinute(t), x, height - 5);
  }
}

function locate(canvas, event, data, names, high) {
  const row = names[Math.floor(event.offsetY / high)];
  const t = data.from + (event.offsetX / canvas.clientWidth) * (data.to - data.from);
  const interval = row && (data.machines[row.path] ?? []).find((one) => one.begin <= t && t < one.end);
  return interval ? { ...interval, name: row.name } : null;
}
