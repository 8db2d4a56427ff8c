/** Numbers and times as people read them; instants arrive in microseconds UTC. */

const HOUR = 3600e6;

const clock = new Intl.DateTimeFormat(undefined, { hourCycle: "h23", hour: "2-digit", minute: "2-digit", second: "2-digit" });
const shortClock = new Intl.DateTimeFormat(undefined, { hourCycle: "h23", hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });

const date = (micros) => new Date(micros / 1000);
export const time = (micros) => clock.format(date(micros));
export const hourMinute = (micros) => shortClock.format(date(micros));
export const weekday = (micros) => day.format(date(micros));

/** A duration in microseconds as its figure and its unit: 42 s, 3:07 min, 2:05 h. */
export function span(micros) {
  const seconds = Math.max(0, Math.round(micros / 1e6));
  if (seconds < 60) return [`${seconds}`, "s"];
  const two = (n) => String(n).padStart(2, "0");
  if (seconds < 3600) return [`${Math.floor(seconds / 60)}:${two(seconds % 60)}`, "min"];
  return [`${Math.floor(seconds / 3600)}:${two(Math.floor((seconds % 3600) / 60))}`, "h"];
}

export const duration = (micros) => span(micros).join(" ");

/** A duration where there is little room: 7 min, 3.2 h. */
export const roughly = (micros) => (micros < HOUR ? `${Math.floor(micros / 60e6)} min` : `${(micros / HOUR).toFixed(1)} h`);

/** A symbol drawn as a letter, never as an emoji. */
export const glyph = (symbol) => `${symbol}\ufe0e`;

export const percent = (share, digits = 1) => (share === null || share === undefined ? "–" : (100 * share).toFixed(digits));
/** A figure with one decimal place, large ones without. */
export const number = (value) => (value === null || value === undefined ? "–" : value < 1000 ? value.toFixed(1) : whole(Math.round(value)));
export const whole = (value) => (value === null || value === undefined ? "–" : value.toLocaleString());

/** The band of a KPI where part of its window is not known. */
export function band(kpi, scale = 1, digits = 1) {
  if (!kpi || kpi.coverage === null || kpi.coverage >= 1) return "";
  const low = kpi.lower === null ? "?" : (scale * kpi.lower).toFixed(digits);
  const high = kpi.upper === null ? "?" : (scale * kpi.upper).toFixed(digits);
  return `${low}–${high}, ${percent(kpi.coverage, 0)} % known`;
}
