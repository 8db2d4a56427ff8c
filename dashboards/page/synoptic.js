/** The line in flow order: buffers fill, machines change colour, shape and symbol; the bottleneck carries a mark. */

import { html } from "./vendor/htm-preact.module.js";
import { duration, glyph, roughly } from "./format.js";

const BUFFER = 34;
const LONGEST = 5; // characters that fit under a buffer
const NARROWEST = 76;
const WIDEST = 136;
const MACHINE_TOP = 40;
const MACHINE_HEIGHT = 48;
const ROW = 130;
const ROOMY = 92; // a state and its duration fit into one line
const PATIENCE = 60e6; // shorter stops don't get their duration written beside them
const WORST = ["failed", "maintenance", "unknown", "waiting", "blocked", "setup", "starved", "pause", "off"];

/** Hatches as SVG patterns: states differ by more than colour. */
function Hatches() {
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

/** Where the machines of a station stand: side by side, many of them in rows. */
function places(count, width) {
  const rows = count <= 4 ? 1 : Math.ceil(Math.sqrt((count * MACHINE_HEIGHT) / width));
  const across = Math.ceil(count / rows);
  const gap = count <= 2 ? 4 : count <= 20 ? 2 : 0.5;
  const wide = (width - gap * (across - 1)) / across;
  const high = (MACHINE_HEIGHT - gap * (rows - 1)) / rows;
  return Array.from({ length: count }, (_, i) => ({
    x: (i % across) * (wide + gap),
    y: MACHINE_TOP + Math.floor(i / across) * (high + gap),
    wide,
    high,
  }));
}

function Machine({ machine, states, place, selected, now, onSelect }) {
  const { x, y, wide, high } = place;
  const row = states[machine.state] ?? states.unknown;
  const since = machine.since === null ? "" : ` for ${duration(now - machine.since)}`;
  const label = `${machine.name}: ${row.title}${machine.reason ? `, ${machine.reason}` : ""}${since}`;
  const size = Math.min(17, 0.75 * wide, 0.8 * high);
  const choose = () => onSelect(machine.path);
  const key = (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      choose();
    }
  };
  return html`<g
    class=${`machine state-${machine.state} ${selected ? "selected" : ""}`}
    transform=${`translate(${x} ${y})`}
    role="button"
    tabindex="0"
    aria-label=${label}
    aria-pressed=${selected}
    data-path=${machine.path}
    onClick=${choose}
    onKeyDown=${key}
  >
    <title>${label}</title>
    <rect class="body" width=${wide} height=${high} rx="3" fill=${row.colour} />
    ${row.hatch !== "none" && html`<rect width=${wide} height=${high} rx="3" fill=${`url(#hatch-${row.hatch})`} />`}
    ${size >= 5 && html`<text class="symbol" x=${wide / 2} y=${high / 2} style=${{ fontSize: `${size}px` }} text-anchor="middle" dominant-baseline="central">${glyph(row.symbol)}</text>`}
  </g>`;
}

function Buffer({ buffer }) {
  const middle = MACHINE_TOP + MACHINE_HEIGHT / 2;
  const arrow = html`<path class="flow" d=${`M23 ${middle}h7m-3 -3l3 3l-3 3`} />`;
  const none = !buffer || buffer.capacity === 0 || (buffer.capacity === null && buffer.level + buffer.in_transport === 0);
  if (none) return html`<g class="buffer"><path class="flow" d=${`M8 ${middle}h22m-3 -3l3 3l-3 3`} /></g>`;
  const { level, in_transport: moving, capacity } = buffer;
  const unit = capacity === null ? 0 : MACHINE_HEIGHT / capacity;
  const bottom = MACHINE_TOP + MACHINE_HEIGHT;
  const full = capacity !== null && level + moving >= capacity;
  const told = capacity === null ? `${level}` : `${level}/${capacity}`;
  const text = told.length > LONGEST ? `${level}` : told;
  const label = `buffer: ${told} parts${moving ? `, ${moving} on the way` : ""}`;
  const lines = capacity !== null && capacity <= 12 ? Array.from({ length: capacity - 1 }, (_, i) => bottom - (i + 1) * unit) : [];
  return html`<g class=${`buffer ${full ? "full" : ""}`} role="img" aria-label=${label}>
    <title>${label}</title>
    <rect class="place" x="6" y=${MACHINE_TOP} width="14" height=${MACHINE_HEIGHT} rx="2" />
    <rect class="fill" x="6.5" y=${bottom - level * unit} width="13" height=${level * unit} />
    <rect class="coming" x="6.5" y=${bottom - (level + moving) * unit} width="13" height=${moving * unit} />
    ${lines.map((y) => html`<path class="line" d=${`M6.5 ${y}h13`} />`)}
    <rect class="edge" x="6" y=${MACHINE_TOP} width="14" height=${MACHINE_HEIGHT} rx="2" />
    <text class="level" x="13" y=${bottom + 16} text-anchor="middle">${text}</text>
    ${arrow}
  </g>`;
}

/** Two short lines below a station: what it does, and what about it matters most. */
function words(machines, states, width, now) {
  const worst = WORST.find((state) => machines.some((machine) => machine.state === state));
  if (machines.length > 1) {
    const running = machines.filter((machine) => machine.state === "processing").length;
    const count = machines.filter((machine) => machine.state === worst).length;
    return { several: true, worst, first: `${running} of ${machines.length} run`, second: worst ? `${count} ${states[worst].title.toLowerCase()}` : "" };
  }
  const [machine] = machines;
  const lasts = machine.since === null ? 0 : now - machine.since;
  const long = worst && lasts >= PATIENCE ? roughly(lasts) : "";
  const title = (states[machine.state] ?? states.unknown).title;
  const reason = machine.state === "blocked" && machine.reason ? `by ${machine.reason}` : machine.reason;
  return width < ROOMY ? { worst, first: title, second: reason || long } : { worst, first: `${title} ${long}`, second: reason };
}

function Station({ station, states, x, y, width, bottleneck, selected, now, onSelect }) {
  const machines = station.machines;
  const where = places(machines.length, width);
  const { several, worst, first, second } = words(machines, states, width, now);
  const below = MACHINE_TOP + MACHINE_HEIGHT;
  return html`<g class=${`station ${bottleneck ? "bottleneck" : ""}`} transform=${`translate(${x} ${y})`}>
    <${Buffer} buffer=${station.buffer} />
    <g transform=${`translate(${BUFFER} 0)`}>
      ${bottleneck && html`<text class="mark" x="0" y="13">◆ bottleneck</text>`}
      ${bottleneck && html`<rect class="ring" x="-3.5" y=${MACHINE_TOP - 3.5} width=${width + 7} height=${MACHINE_HEIGHT + 7} rx="6" />`}
      <text class="name" x="0" y="30">${station.name}</text>
      ${machines.map((machine, i) => html`<${Machine} key=${machine.path} machine=${machine} states=${states} place=${where[i]} selected=${selected === machine.path} now=${now} onSelect=${onSelect} />`)}
      <text class=${worst === "failed" && !several ? "failed" : "state"} x="0" y=${below + 18}>${first}</text>
      <text class=${worst === "failed" && several ? "failed" : "detail"} x="0" y=${below + 33}>${second}</text>
    </g>
  </g>`;
}

/** The whole line, in as many rows as the width asks for; stations share the width, letters keep their size. */
export function Synoptic({ line, states, width, selected, now, onSelect }) {
  const count = line.stations.length;
  const room = width - 6; // rings and outlines stand out a little
  const columns = Math.max(1, Math.floor(room / (BUFFER + NARROWEST)));
  const rows = Math.ceil(count / columns);
  const across = Math.ceil(count / rows); // rows of equal length look calm
  const cell = Math.min(BUFFER + WIDEST, room / across);
  return html`<svg class="synoptic" width=${width} height=${rows * ROW} role="group" aria-label=${`Line ${line.name}, ${count} stations in flow order`}>
    <${Hatches} />
    ${line.stations.map(
      (station, i) =>
        html`<${Station}
          key=${station.name}
          station=${station}
          states=${states}
          x=${(i % across) * cell}
          y=${Math.floor(i / across) * ROW}
          width=${cell - BUFFER}
          bottleneck=${line.bottleneck === station.name}
          selected=${selected}
          now=${now}
          onSelect=${onSelect}
        />`,
    )}
  </svg>`;
}
