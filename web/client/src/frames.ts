// What is said over a socket, both ways, as /api/asyncapi.json describes it.

/** What can be listened to. */
export type Topic = "fleet" | "alerts" | "commands" | `communities/${string}` | `nodes/${string}`;

/** `latest`: of what falls into one tick, the last of each node. `all`: every event. */
export type Mode = "latest" | "all";

/** A member of a node, or one of its numbers; a service that has no such member says so. */
export type Field =
  | "status"
  | "status_since"
  | "last_seen_at"
  | "reported"
  | "derived"
  | `reported.${string}`
  | `derived.${string}`;

export type ClientFrame =
  | { type: "auth"; token: string }
  | {
      type: "subscribe";
      topic: Topic;
      mode?: Mode;
      fields?: Field[] | null;
      since?: string | null;
    }
  | { type: "unsubscribe"; topic: Topic }
  | { type: "pong" };

export type NodeStatus =
  | "provisioning"
  | "online"
  | "late"
  | "offline"
  | "maintenance"
  | "quarantined";

/** How a node is, as far as it is told: those members that a subscription names. Times are RFC 3339 in UTC. */
export interface NodePart {
  node_id: string;
  /** Of one node it never goes back. */
  revision: number;
  status?: NodeStatus;
  status_since?: string;
  last_seen_at?: string | null;
  /** The current values by metric, in the metric's unit. */
  reported?: Record<string, number | null>;
  /** What follows from them, by name; null while it is not known. */
  derived?: Record<string, number | null>;
}

/** All of how a node is, as it is told where a subscription names no fields. */
export type NodeState = Required<NodePart>;

export type ChangeName =
  | "TELEMETRY_UPDATE"
  | "STATUS_UPDATE"
  | "CACHE_INVALIDATED"
  | "NODE_PROVISIONED";

interface Step {
  /** What a client knew of the node, if it was told everything; 0 for nothing. */
  previous_revision: number;
  at: string;
}

/** Something that happened to a node that is there. */
export type Change<N extends NodePart = NodeState> = Step & N & { event: ChangeName };

/** A node that is there no longer. */
export interface Removal extends Step {
  event: "NODE_REMOVED";
  node_id: string;
  revision: number;
}

export type Happened<N extends NodePart = NodeState> = Change<N> | Removal;

interface Place {
  topic: Topic;
  /** To go on from; null where there is no going on from there yet. */
  cursor: string | null;
}

export type ErrorCode =
  | "invalid_request"
  | "unauthenticated"
  | "forbidden"
  | "not_found"
  | "conflict"
  | "idempotency_mismatch"
  | "precondition_failed"
  | "payload_too_large"
  | "unsupported_media_type"
  | "validation_failed"
  | "quarantined"
  | "rate_limited"
  | "busy"
  | "unavailable"
  | "deadline_exceeded"
  | "internal";

export interface HelloFrame {
  type: "hello";
  session: string;
  heartbeat_s: number;
  resume_window_s: number;
}

export interface SnapshotFrame<N extends NodePart = NodeState> extends Place {
  type: "snapshot";
  /** Counted from 0: with that, all that was known of the topic is to be forgotten. */
  part: number;
  /** Whether another part follows. */
  more: boolean;
  nodes: N[];
}

export interface ErrorFrame {
  type: "error";
  code: ErrorCode;
  detail: string;
}

export type ServerFrame =
  | HelloFrame
  | { type: "authenticated" }
  | ({ type: "subscribed" } & Place)
  | { type: "unsubscribed"; topic: Topic }
  | SnapshotFrame<NodePart>
  | ({ type: "event" } & Happened<NodePart> & Place)
  | ({ type: "batch"; event: "BATCH_STATUS_UPDATE"; updates: Happened<NodePart>[] } & Place)
  | { type: "lag"; topic: Topic; folded: number }
  | { type: "resync"; topic: Topic; reason: string }
  | ErrorFrame
  | { type: "ping"; cursors: Record<string, string> };

const TYPES: Record<ServerFrame["type"], true> = {
  hello: true,
  authenticated: true,
  subscribed: true,
  unsubscribed: true,
  snapshot: true,
  event: true,
  batch: true,
  lag: true,
  resync: true,
  error: true,
  ping: true,
};

/** Reads a frame; null for what this client does not know, which later services may say. */
export function read(text: string): ServerFrame | null {
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof frame !== "object" || frame === null || !("type" in frame)) return null;
  const { type } = frame;
  return typeof type === "string" && Object.hasOwn(TYPES, type) ? (frame as ServerFrame) : null;
}
