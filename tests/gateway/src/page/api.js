// Calls the platform's interface below /local/; the page uses nothing else.

/** What the interface says about a wrong request. */
export class Refused extends Error {
  constructor(status, body) {
    super(body?.error?.text || `HTTP ${status}`);
    this.status = status;
    this.field = body?.error?.field ?? null;
  }
}

async function call(path, init) {
  const answer = await fetch(`/local/${path}`, { credentials: "same-origin", ...init });
  const body = await answer.json().catch(() => null);
  if (!answer.ok) throw new Refused(answer.status, body);
  return body;
}

/** Reads. */
export function get(path) {
  return call(path, { headers: { Accept: "application/json" } });
}

/** Does something, and waits until it is done. */
export function post(path, body = {}) {
  return call(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}
