/** The page: it draws what the twin folded, computes no figure and keeps no state of the plant. */

import { html, render, useEffect, useRef, useState } from "./vendor/htm-preact.module.js";
import { Attention } from "./attention.js";
import { time, weekday } from "./format.js";
import { MachinePanel } from "./machine.js";
import { follow, get } from "./net.js";
import { Output } from "./output.js";
import { Synoptic } from "./synoptic.js";
import { Tiles } from "./tiles.js";
import { Timeline } from "./timeline.js";

function Header({ picture, connected, line, onLine }) {
  const silent = line && !line.online;
  return html`<header>
    <div class="brand"><img src="page/favicon.svg" alt="" width="26" height="26" /><span>Shopfloor</span></div>
    <h1 class="plant">${picture?.plant ?? ""}</h1>
    ${picture && picture.lines.length > 1
      ? html`<nav aria-label="Lines">
          ${picture.lines.map((one) => html`<button type="button" key=${one.path} class=${`choice ${one.path === line.path ? "on" : ""}`} aria-pressed=${one.path === line.path} onClick=${() => onLine(one.path)}>${one.name}</button>`)}
        </nav>`
      : line && html`<div class="line-name">${line.name}</div>`}
    <div class="clock" title="Plant time, in your time zone">
      ${picture && html`<span class="day">${weekday(picture.now)}</span> <span class="now">${time(picture.now)}</span>`}
      ${picture && picture.speed !== 1 && html`<span class="speed" title="Speed of plant time">×${picture.speed}</span>`}
    </div>
    <div class=${`link ${connected && !silent ? "on" : "off"}`} role="status">${!connected ? "page offline" : silent ? "line silent" : "live"}</div>
  </header>`;
}

function Phase({ phase }) {
  if (!phase || phase.name === "live") return null;
  return html`<div class="phase" role="status">
    <span>${phase.text}</span>
    <progress max="1" value=${phase.progress}></progress>
  </div>`;
}

function Alerts({ alerts }) {
  if (alerts.length === 0) return null;
  return html`<ul class="card alarms" aria-label="Alerts of other programs">
    ${alerts.map((alert) => html`<li key=${alert.fingerprint}><span class="chip alarm">!</span>${alert.name}${alert.annotations.summary ? `: ${alert.annotations.summary}` : ""} since ${time(alert.told)}</li>`)}
  </ul>`;
}

function useWidth() {
  const element = useRef(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => setWidth(entry.contentRect.width));
    watch.observe(element.current);
    return () => watch.disconnect();
  }, []);
  return [element, width];
}

function Plant({ picture, plant, line }) {
  const [selected, setSelected] = useState(null);
  const [span, setSpan] = useState("1 h");
  const [element, width] = useWidth();
  const signals = Object.fromEntries(plant.lines.flatMap((of) => of.stations).map((station) => [station.path, station.tags]));
  const machines = line.stations.flatMap((station) => station.machines.map((machine) => ({ ...machine, type: station.type, signals: signals[station.path] })));
  const fallback = machines.find((machine) => machine.station === line.bottleneck) ?? machines[0];
  const machine = machines.find((one) => one.path === selected) ?? fallback;
  const select = (path) => {
    setSelected(path);
    // on a narrow screen the machine's card may be out of sight: whoever touches a machine wants to see it
    if (matchMedia("(max-width: 900px)").matches) document.querySelector(".card.machine-card").scrollIntoView({ block: "nearest" });
  };
  const common = { states: plant.states, first: picture.first, now: picture.now, run: picture.run, selected: machine.path, onSelect: select };
  return html`<div class="content">
    <${Phase} phase=${picture.phase} />
    <${Alerts} alerts=${picture.alerts} />
    <${Tiles} line=${line} />
    <section class="card line" aria-label="Line" ref=${element}>
      ${width > 0 && html`<${Synoptic} line=${line} width=${width} ...${common} />`}
    </section>
    <div class="floor">
      <${Attention} line=${line} ...${common} />
      <${MachinePanel} machine=${machine} type=${plant.types[machine.type]} span=${span} onSpan=${setSpan} ...${common} />
      <${Timeline} line=${line} span=${span} onSpan=${setSpan} ...${common} />
      <${Output} line=${line} now=${picture.now} run=${picture.run} />
    </div>
    <footer>run ${picture.run} · session ${picture.session ?? "–"} · ${picture.counters.received.toLocaleString()} messages, ${picture.counters.gaps} gaps, ${picture.counters.dead} refused · <a href="api/docs">API</a></footer>
  </div>`;
}

function App() {
  const [plant, setPlant] = useState(null);
  const [picture, setPicture] = useState(null);
  const [connected, setConnected] = useState(false);
  const [chosen, setChosen] = useState(null);
  useEffect(() => follow(setPicture, setConnected), []);
  useEffect(() => {
    if (connected) get("plant").then(setPlant).catch(() => {});
  }, [connected]);
  const line = picture?.lines.find((one) => one.path === chosen) ?? picture?.lines[0];
  const ready = Boolean(plant && picture && picture.run);
  useEffect(() => {
    if (ready) document.body.dataset.ready = "yes";
  }, [ready]);
  return html`<${Header} picture=${picture} connected=${connected} line=${line} onLine=${setChosen} />
    ${ready ? html`<${Plant} picture=${picture} plant=${plant} line=${line} />` : html`<${Waiting} picture=${picture} />`}`;
}

function Waiting({ picture }) {
  return html`<div class="content"><${Phase} phase=${picture?.phase} /><p class="boot">Waiting for the first messages of the plant …</p></div>`;
}

const root = document.getElementById("app");
root.replaceChildren();
render(html`<${App} />`, root);
