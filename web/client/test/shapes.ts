// The client's types as values, held against the description that the service gives of itself.
//
// Each table must have every member of its type and no other, or it does not compile; each is then compared with the
// schema letter by letter. So a type and its schema cannot part without somebody being told.

import assert from "node:assert/strict";

import type {
  ChangeName,
  ClientFrame,
  ErrorCode,
  Happened,
  Mode,
  NodePart,
  NodeStatus,
  Removal,
  ServerFrame,
  Supervised,
  SupervisedState,
  Turn,
} from "../src/index.js";

/** What kind of JSON a member is. */
type Kind<V> = [V] extends [string]
  ? "string"
  : [V] extends [string | null]
    ? "string or null"
    : [V] extends [number]
      ? "number"
      : [V] extends [boolean]
        ? "boolean"
        : [V] extends [readonly unknown[]]
          ? "array"
          : [V] extends [readonly unknown[] | null]
            ? "array or null"
            : "object";

/** `?` where a member may be absent. */
type Member<T, K extends keyof T> = undefined extends T[K]
  ? `${Kind<Exclude<T[K], undefined>>}?`
  : Kind<T[K]>;

type Members<T> = { [K in keyof T]-?: Member<T, K> };

type Of<T extends { type: string }, K> = Extract<T, { type: K }>;

const ASKED: { [K in ClientFrame["type"]]: Members<Of<ClientFrame, K>> } = {
  auth: { type: "string", token: "string" },
  subscribe: {
    type: "string",
    topic: "string",
    mode: "string?",
    fields: "array or null?",
    since: "string or null?",
  },
  unsubscribe: { type: "string", topic: "string" },
  pong: { type: "string" },
};

const NODE: Members<NodePart> = {
  node_id: "string",
  revision: "number",
  status: "string?",
  status_since: "string?",
  last_seen_at: "string or null?",
  reported: "object?",
  derived: "object?",
};

const REMOVAL: Members<Removal> = {
  event: "string",
  previous_revision: "number",
  at: "string",
  node_id: "string",
  revision: "number",
};

const CHANGE: Members<Exclude<Happened<NodePart>, Removal>> = { ...REMOVAL, ...NODE };

const SUPERVISED: Members<Supervised> = {
  id: "string",
  kind: "string",
  state: "string",
  restarts: "number",
  node_id: "string or null",
};

const TURN: Members<Turn> = { ...SUPERVISED, event: "string", at: "string" };

const PLACE = { topic: "string", cursor: "string or null" } as const;

type Told = Exclude<ServerFrame["type"], "event">;

const TOLD: { [K in Told]: Members<Of<ServerFrame, K>> } = {
  hello: { type: "string", session: "string", heartbeat_s: "number", resume_window_s: "number" },
  authenticated: { type: "string" },
  subscribed: { type: "string", ...PLACE },
  unsubscribed: { type: "string", topic: "string" },
  snapshot: {
    type: "string",
    ...PLACE,
    part: "number",
    more: "boolean",
    nodes: "array",
    supervised: "array?",
  },
  batch: { type: "string", ...PLACE, event: "string", updates: "array" },
  lag: { type: "string", topic: "string", folded: "number" },
  resync: { type: "string", topic: "string", reason: "string" },
  error: { type: "string", code: "string", detail: "string" },
  ping: { type: "string", cursors: "object" },
};

const CHANGES: Record<ChangeName, true> = {
  TELEMETRY_UPDATE: true,
  STATUS_UPDATE: true,
  CACHE_INVALIDATED: true,
  NODE_PROVISIONED: true,
};

const MODES: Record<Mode, true> = { latest: true, all: true };

const STATUSES: Record<NodeStatus, true> = {
  provisioning: true,
  online: true,
  late: true,
  offline: true,
  maintenance: true,
  quarantined: true,
};

const SUPERVISED_STATES: Record<SupervisedState, true> = {
  running: true,
  restarting: true,
  quarantined: true,
  gone: true,
  closed: true,
  open: true,
  half_open: true,
};

const CODES: Record<ErrorCode, true> = {
  invalid_request: true,
  unauthenticated: true,
  forbidden: true,
  not_found: true,
  conflict: true,
  idempotency_mismatch: true,
  precondition_failed: true,
  payload_too_large: true,
  unsupported_media_type: true,
  validation_failed: true,
  quarantined: true,
  rate_limited: true,
  busy: true,
  unavailable: true,
  deadline_exceeded: true,
  internal: true,
};

interface Schema {
  type?: string | string[];
  enum?: string[];
  $ref?: string;
  oneOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
}

/** What of the description is looked at. */
export interface AsyncApi {
  operations: Record<string, { messages: { $ref: string }[] }>;
  components: {
    messages: Record<string, { payload: Schema }>;
    schemas: Record<string, Schema>;
  };
}

/** Fails where the client's types are not what the service says of itself. */
export function hold(api: AsyncApi): void {
  const { messages, schemas } = api.components;
  const follow = (schema: Schema): Schema => {
    const name = schema.$ref?.split("/").at(-1);
    return name === undefined ? schema : follow(schemas[name] ?? assert.fail(`no ${name}`));
  };
  const names = (operation: string) =>
    api.operations[operation]?.messages.map(({ $ref }) => $ref.split("/").at(-1)).sort();
  const same = (what: string, schema: Schema | undefined, members: object) =>
    assert.deepEqual(membersOf(schema ?? {}, follow), { ...members }, what);
  assert.deepEqual(names("hear"), Object.keys(ASKED).sort());
  assert.deepEqual(names("tell"), [...Object.keys(TOLD), "event"].sort());
  for (const [name, members] of Object.entries({ ...ASKED, ...TOLD })) {
    same(name, messages[name]?.payload, members);
  }
  const [change, removal, turn] = messages["event"]?.payload.oneOf ?? [];
  same("a change as a frame", change, { type: "string", ...CHANGE, ...PLACE });
  same("a removal as a frame", removal, { type: "string", ...REMOVAL, ...PLACE });
  same("a turn as a frame", turn, { type: "string", ...TURN, ...PLACE });
  same("a turn", schemas["Turn"], TURN);
  same("one of the tree", schemas["Supervised"], SUPERVISED);
  same("a change", schemas["Change"], CHANGE);
  same("a removal", schemas["Removal"], REMOVAL);
  same("a node", schemas["Node"], NODE);
  const words = (schema: Schema | undefined) => follow(schema ?? {}).enum?.sort();
  assert.deepEqual(words(schemas["Change"]?.properties?.["event"]), Object.keys(CHANGES).sort());
  assert.deepEqual(words(schemas["Removal"]?.properties?.["event"]), ["NODE_REMOVED"]);
  assert.deepEqual(words(schemas["Turn"]?.properties?.["event"]), ["SUPERVISION"]);
  assert.deepEqual(
    words(schemas["Supervised"]?.properties?.["state"]),
    Object.keys(SUPERVISED_STATES).sort(),
  );
  assert.deepEqual(words(schemas["Node"]?.properties?.["status"]), Object.keys(STATUSES).sort());
  assert.deepEqual(words(messages["subscribe"]?.payload.properties?.["mode"]), Object.keys(MODES).sort());
  assert.deepEqual(words(messages["error"]?.payload.properties?.["code"]), Object.keys(CODES).sort());
}

function membersOf(schema: Schema, follow: (schema: Schema) => Schema): Record<string, string> {
  const { properties = {}, required = [] } = schema;
  const kindOf = (member: Schema): string[] => {
    const { type, oneOf } = follow(member);
    return oneOf?.flatMap(kindOf) ?? [type ?? "unknown"].flat();
  };
  const members = Object.entries(properties).map(([name, member]) => {
    const kinds = kindOf(member).map((kind) => (kind === "integer" ? "number" : kind));
    // Null is said last, whatever the order of the schema.
    kinds.sort((one, other) => Number(one === "null") - Number(other === "null"));
    return [name, kinds.join(" or ") + (required.includes(name) ? "" : "?")];
  });
  return Object.fromEntries(members);
}
