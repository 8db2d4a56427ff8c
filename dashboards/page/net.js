/** All networking of the page: one stream for what is live, plain requests for what is past. */

const API = "api/v1";

/**
 * Fetch one resource; undefined parameters are left out.
 * @param {string} resource path below /api/v1
 * @param {Record<string, string | number | undefined>} [parameters]
 */
export async function get(resource, parameters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== null) query.set(name, String(value));
  }
  const suffix = query.size ? `?${query}` : "";
  const response = await fetch(`${API}/${resource}${suffix}`, { headers: { accept: "application/json" } });
  if (!response.ok) throw new Error(`${resource}: ${response.status}`);
  return response.json();
}

/**
 * Follow the live picture; the browser reconnects by itself.
 * @param {(picture: any) => void} onPicture
 * @param {(connected: boolean) => void} onConnection
 */
export function follow(onPicture, onConnection) {
  const stream = new EventSource(`${API}/events?stream=picture`);
  stream.addEventListener("open", () => onConnection(true));
  stream.addEventListener("error", () => onConnection(false));
  stream.addEventListener("picture", (event) => onPicture(JSON.parse(event.data)));
  return () => stream.close();
}
