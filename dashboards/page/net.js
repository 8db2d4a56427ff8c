/** All networking of the page: one stream for what is live, plain requests for what is past. */

const API = "api/v1";
const RETRY_MS = 2000;

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
 * Follow the live picture; it comes back by itself after a restart of the server.
 * @param {(picture: any) => void} onPicture
 * @param {(connected: boolean) => void} onConnection
 */
export function follow(onPicture, onConnection) {
  let stream;
  let again;
  const open = () => {
    stream = new EventSource(`${API}/events?stream=picture`);
    stream.addEventListener("open", () => onConnection(true));
    stream.addEventListener("picture", (event) => onPicture(JSON.parse(event.data)));
    stream.addEventListener("error", () => {
      onConnection(false);
      // after a refusal, say of a proxy whose server restarts, the browser gives up: then we ask again
      if (stream.readyState === EventSource.CLOSED) again = setTimeout(open, RETRY_MS);
    });
  };
  open();
  return () => {
    clearTimeout(again);
    stream.close();
  };
}
