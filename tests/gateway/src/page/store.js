// What the page knows: bounded tables that the stream fills, and who wants to hear of changes.

/** How much of each kind is kept; the oldest goes first. */
const KEPT = { delivery: 5000, message: 500, connection: 200, finding: 1000, call: 500, fault: 200, app: 200, chat: 500 };
const IDS = { message: "message_id", app: "app_id", chat: "chat_id" };

const tables = Object.fromEntries(Object.keys(KEPT).map((kind) => [kind, new Map()]));
const listeners = new Map();
const changed = new Set();
let drawing = false;
let offset = 0;

/** What the snapshot says of the platform itself. */
export const platform = { base_url: location.origin, version: "", started_at: 0, clock: 1, kept: {} };

/** Takes the place of everything that is known. */
export function begin(snapshot) {
  const names = { delivery: "deliveries", message: "messages", connection: "connections", finding: "findings", call: "calls", fault: "faults", app: "apps", chat: "chats" };
  for (const [kind, name] of Object.entries(names)) {
    tables[kind].clear();
    for (const thing of snapshot[name] ?? []) put(kind, thing);
    signal(kind);
  }
  for (const key of Object.keys(platform)) platform[key] = snapshot[key] ?? platform[key];
  offset = snapshot.now - Date.now();
  signal("begin");
}

/** Adds a thing, or takes the place of the one with its id. */
export function put(kind, thing) {
  const table = tables[kind];
  if (table === undefined) return;
  const id = thing[IDS[kind] ?? "id"];
  if (kind === "fault" && thing.left === 0) table.delete(id);
  else table.set(id, thing);
  if (table.size > KEPT[kind]) forget(kind, table);
  signal(kind);
}

function forget(kind, table) {
  for (const [id, thing] of table) {
    // A live connection is shown however old it is.
    if (kind === "connection" && thing.state !== "ended") continue;
    table.delete(id);
    return;
  }
}

/** Everything of a kind, the oldest first. */
export function all(kind) {
  return [...tables[kind].values()];
}

/** One thing by its id. */
export function one(kind, id) {
  return tables[kind].get(id);
}

/** How many there are. */
export function count(kind) {
  return tables[kind].size;
}

/** The platform's time. */
export function now() {
  return Date.now() + offset;
}

/** Calls the function before the next picture is drawn, once for however many changes of these kinds. */
export function on(kinds, listener) {
  for (const kind of kinds) {
    if (!listeners.has(kind)) listeners.set(kind, new Set());
    listeners.get(kind).add(listener);
  }
}

function signal(kind) {
  changed.add(kind);
  if (drawing) return;
  drawing = true;
  // A hidden page draws nothing, and changes are only noted, until it is shown again.
  requestAnimationFrame(() => {
    drawing = false;
    const due = new Set([...changed].flatMap((it) => [...(listeners.get(it) ?? [])]));
    changed.clear();
    for (const listener of due) listener();
  });
}
