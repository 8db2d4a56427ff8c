/** The stretch of time that the state timeline and the signal below each other show. */

import { html } from "./vendor/htm-preact.module.js";

export const SPANS = { "15 min": 900e6, "1 h": 3600e6, "8 h": 8 * 3600e6 };

export function Spans({ span, onSpan }) {
  return html`<div class="choices" role="group" aria-label="Time shown">
    ${Object.keys(SPANS).map(
      (name) =>
        html`<button type="button" key=${name} class=${`choice ${name === span ? "on" : ""}`} aria-pressed=${name === span} onClick=${() => onSpan(name)}>${name}</button>`,
    )}
  </div>`;
}
