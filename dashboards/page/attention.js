/** What needs attention first: stopped, silent or held up, longest first. */

import { html } from "./vendor/htm-preact.module.js";
import { duration, glyph } from "./format.js";

const RANK = { failed: 0, unknown: 1, maintenance: 2, waiting: 3, blocked: 4, starved: 4 };
const PATIENCE = 60e6; // a machine may wait a minute without anybody looking

export function Attention({ line, states, now, onSelect }) {
  const rows = line.stations
    .flatMap((station) => station.machines)
    .filter((machine) => machine.state in RANK)
    .map((machine) => ({ ...machine, rank: RANK[machine.state], lasts: machine.since === null ? 0 : now - machine.since }))
    .filter((machine) => machine.rank < 3 || machine.lasts >= PATIENCE)
    .sort((a, b) => a.rank - b.rank || b.lasts - a.lasts);
  return html`<section class="card attention" aria-label="Attention">
    <h2>Attention ${rows.length > 0 && html`<small>${rows.length}</small>`}</h2>
    ${rows.length === 0
      ? html`<p class="quiet">Nothing stands still longer than a minute.</p>`
      : html`<ul>
          ${rows.map(
            (machine) => html`<li key=${machine.path}>
              <button type="button" class=${`row state-${machine.state}`} onClick=${() => onSelect(machine.path)}>
                <span class="chip" style=${{ background: states[machine.state].colour }}>${glyph(states[machine.state].symbol)}</span>
                <span class="who">${machine.name}</span>
                <span class="what">${states[machine.state].title}${machine.reason ? ` · ${machine.reason}` : ""}</span>
                <span class="long">${duration(machine.lasts)}</span>
              </button>
            </li>`,
          )}
        </ul>`}
  </section>`;
}
