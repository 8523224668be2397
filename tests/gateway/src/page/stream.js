// Follows what happens on the platform: one snapshot, then its stream of events; begins anew when something was missed.

import { get } from "./api.js";
import { begin, put } from "./store.js";

const KINDS = ["delivery", "message", "connection", "app", "chat", "fault", "finding", "call"];
/** Pauses between attempts to reach the platform, in milliseconds. */
const PAUSES = [500, 1000, 2000, 5000];

let source = null;
let failures = 0;

/** Follows the platform for good. `state("live" | "lost")` is called at each change. */
export async function follow(state) {
  source?.close();
  let snapshot;
  try {
    snapshot = await get("snapshot");
  } catch {
    again(state);
    return;
  }
  failures = 0;
  begin(snapshot);
  source = new EventSource(`/local/stream?after=${snapshot.last_event}`);
  const mine = source;
  for (const kind of KINDS) mine.addEventListener(kind, (event) => put(kind, JSON.parse(event.data)));
  for (const kind of ["reset", "missed"]) mine.addEventListener(kind, () => follow(state));
  mine.addEventListener("open", () => state("live"));
  mine.addEventListener("error", () => {
    if (mine !== source) return;
    // The platform may have been started anew, with other things in it: begin with a snapshot.
    mine.close();
    again(state);
  });
}

function again(state) {
  state("lost");
  const pause = PAUSES[Math.min(failures, PAUSES.length - 1)];
  failures += 1;
  setTimeout(() => follow(state), pause);
}
