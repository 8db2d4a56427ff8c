/** The line in flow order: buffers fill, machines change colour, shape and symbol; the bottleneck carries a mark. */

import { html } from "./vendor/htm-preact.module.js";
import { duration } from "./format.js";

const STATION = 92;
const BUFFER = 34;
const HEIGHT = 128;
const MACHINE_TOP = 34;
const MACHINE_HEIGHT = 46;

/** Hatches as SVG patterns: states differ by more than colour. */
export function Hatches() {
  return html`<defs>
    <pattern id="hatch-diagonal" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
      <line x1="0" y1="0" x2="0" y2="6" class="hatch" />
    </pattern>
    <pattern id="hatch-dots" width="6" height="6" patternUnits="userSpaceOnUse">
      <circle cx="3" cy="3" r="1.1" class="hatch-dot" />
    </pattern>
    <pattern id="hatch-cross" width="7" height="7" patternUnits="userSpaceOnUse">
      <path d="M0 0L7 7M7 0L0 7" class="hatch" />
    </pattern>
  </defs>`;
}

function Machine({ machine, states, x, width, selected, now, onSelect }) {
  const row = states[machine.state] ?? states.unknown;
  const since = machine.since === null ? "" : ` for ${duration(now - machine.since)}`;
  const label = `${machine.path}: ${row.title}${machine.reason ? `, ${machine.reason}` : ""}${since}`;
  const choose = () => onSelect(machine.path);
  const key = (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      choose();
    }
  };
  return html`<g
    class=${`machine state-${machine.state} ${selected ? "selected" : ""}`}
    transform=${`translate(${x} ${MACHINE_TOP})`}
    role="button"
    tabindex="0"
    aria-label=${label}
    aria-pressed=${selected}
    data-path=${machine.path}
    onClick=${choose}
    onKeyDown=${key}
  >
    <title>${label}</title>
    <rect class="body" width=${width} height=${MACHINE_HEIGHT} rx="3" fill=${row.colour} />
    ${row.hatch !== "none" && html`<rect width=${width} height=${MACHINE_HEIGHT} rx="3" fill=${`url(#hatch-${row.hatch})`} />`}
    <text class="symbol" x=${width / 2} y=${MACHINE_HEIGHT / 2 + 6} text-anchor="middle">${row.symbol}</text>
  </g>`;
}

function Buffer({ buffer, height }) {
  if (!buffer) return null;
  const { level, in_transport: moving, capacity } = buffer;
  const share = capacity ? Math.min(1, level / capacity) : 0;
  const filled = share * height;
  const text = capacity === null ? `${level}` : `${level}/${capacity}`;
  const label = `buffer: ${text} parts${moving ? `, ${moving} on the way` : ""}`;
  return html`<g class=${`buffer ${capacity && level >= capacity ? "full" : ""}`} role="img" aria-label=${label}>
    <title>${label}</title>
    ${capacity !== 0 &&
    html`<rect class="place" x="8" y=${MACHINE_TOP} width="14" height=${height} rx="2" />
      <rect class="fill" x="8" y=${MACHINE_TOP + height - filled} width="14" height=${filled} rx="2" />
      <text class="level" x="15" y=${MACHINE_TOP + height + 14} text-anchor="middle">${text}</text>`}
    <path class="flow" d=${`M24 ${MACHINE_TOP + height / 2}h6m-3 -3l3 3l-3 3`} />
    ${moving > 0 && html`<text class="moving" x="15" y=${MACHINE_TOP - 5} text-anchor="middle">${"•".repeat(Math.min(moving, 3))}</text>`}
  </g>`;
}

function Station({ station, states, x, y, bottleneck, selected, now, onSelect }) {
  const machines = station.machines;
  const gap = 3;
  const width = (STATION - gap * (machines.length - 1)) / machines.length;
  const only = machines.length === 1 ? machines[0] : null;
  const running = machines.filter((machine) => machine.state === "processing").length;
  const state = only ? (states[only.state] ?? states.unknown).title : `${running} of ${machines.length} run`;
  const detail = only ? only.reason : "";
  return html`<g class=${`station ${bottleneck ? "bottleneck" : ""}`} transform=${`translate(${x} ${y})`}>
    <${Buffer} buffer=${station.buffer} height=${MACHINE_HEIGHT} />
    <g transform=${`translate(${BUFFER} 0)`}>
      ${bottleneck && html`<rect class="ring" x="-4" y=${MACHINE_TOP - 4} width=${STATION + 8} height=${MACHINE_HEIGHT + 8} rx="5" />`}
      <text class="name" x="0" y="24">${station.name}</text>
      ${machines.map(
        (machine, i) =>
          html`<${Machine}
            key=${machine.path}
            machine=${machine}
            states=${states}
            x=${i * (width + gap)}
            width=${width}
            selected=${selected === machine.path}
            now=${now}
            onSelect=${onSelect}
          />`,
      )}
      <text class="state" x="0" y=${MACHINE_TOP + MACHINE_HEIGHT + 18}>${state}</text>
      <text class="detail" x="0" y=${MACHINE_TOP + MACHINE_HEIGHT + 32}>${detail}</text>
      ${bottleneck && html`<text class="mark" x=${STATION} y="24" text-anchor="end">◆ bottleneck</text>`}
    </g>
  </g>`;
}

/** The whole line, in as many rows as the width asks for. */
export function Synoptic({ line, states, width, selected, now, onSelect }) {
  const cell = STATION + BUFFER;
  const columns = Math.max(2, Math.floor((width + 8) / cell));
  const rows = Math.ceil(line.stations.length / columns);
  const across = Math.ceil(line.stations.length / rows); // rows of equal length look calm
  const used = across * cell;
  const scale = Math.min(1.35, Math.max(1, width / used));
  return html`<svg
    class="synoptic"
    width="100%"
    height=${rows * HEIGHT * scale}
    viewBox=${`0 0 ${Math.max(used, width / scale)} ${rows * HEIGHT}`}
    preserveAspectRatio="xMinYMin meet"
    role="group"
    aria-label=${`Line ${line.name}, ${line.stations.length} stations in flow order`}
  >
    <${Hatches} />
    ${line.stations.map(
      (station, i) =>
        html`<${Station}
          key=${station.name}
          station=${station}
          states=${states}
          x=${(i % across) * cell}
          y=${Math.floor(i / across) * HEIGHT}
          bottleneck=${line.bottleneck === station.name}
          selected=${selected}
          now=${now}
          onSelect=${onSelect}
        />`,
    )}
  </svg>`;
}
