// What is said over a socket, both ways, as /api/asyncapi.json describes it.

/** What can be listened to. */
export type Topic =
  | "fleet"
  | "alerts"
  | "commands"
  | "supervision"
  | `communities/${string}`
  | `nodes/${string}`;

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

export type SupervisedState =
  | "running"
  | "restarting"
  | "quarantined"
  | "gone"
  | "closed"
  | "open"
  | "half_open";

/**
 * An actor or a breaker, and how it is. Of whom nothing is told, or that he is gone, is not there, or runs and was never
 * started again, or is closed.
 */
export interface Supervised {
  /** The actor's name in the tree, such as `shard/17`; of a breaker, `host` or `channel/{channel_id}`. */
  id: string;
  /** `supervisor`, `broadcast`, `writer`, `twin`, `poller` or `breaker`. */
  kind: string;
  state: SupervisedState;
  /** How often it was started again, since the process started; 0 of a breaker. */
  restarts: number;
  /** Of a twin; null of all others. */
  node_id: string | null;
}

/** Somebody of the tree is otherwise than before, or a breaker is. */
export interface Turn extends Supervised {
  event: "SUPERVISION";
  at: string;
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
  /** Of the topic `supervision` alone: those who are not as usual. */
  supervised?: Supervised[];
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
  | ({ type: "event" } & (Happened<NodePart> | Turn) & Place)
  | ({ type: "batch"; event: "BATCH_STATUS_UPDATE"; updates: (Happened<NodePart> | Turn)[] } & Place)
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
