// Topics that are listened to for as long as one likes, over one socket after another.

import type { Question } from "./connection.js";
import { Connection } from "./connection.js";
import type { Backoff, Closed } from "./end.js";
import { BACKOFF, next } from "./end.js";
import type {
  ErrorFrame,
  Field,
  Happened,
  Mode,
  NodePart,
  NodeState,
  ServerFrame,
  SnapshotFrame,
  Topic,
  Turn,
} from "./frames.js";
import type { SocketConstructor, Timers } from "./outside.js";
import { TIMERS } from "./outside.js";

/** A socket that held for so long did not come to nothing. */
const HELD_MS = 5_000;

/** Before a topic is asked for again that could not be told of for a moment. */
const ASK_AGAIN_MS = 5_000;

/** Of a token's life, what passes before the next one is fetched. */
const REFRESH_AT = 0.8;

/** A bearer's access token. */
export interface Token {
  token: string;
  /** Seconds for which it is good. Where it is said, another takes its place in time. */
  expiresInS?: number;
}

/** How it stands. */
export type State =
  | { is: "connecting" }
  | { is: "open"; session: string }
  /** It comes back by itself. */
  | { is: "waiting"; closed: Closed; forMs: number }
  /** It does not; null where it was closed by `close`. */
  | { is: "ended"; closed: Closed | null };

export interface Options {
  /** `wss://host/api/v1/ws`. */
  url: string;
  /** A token that is good now. Asked for each socket, and before one runs out. */
  token: () => Token | Promise<Token>;
  /** Where there is none in the global scope, as in Node before 22: that of the package ws. */
  WebSocket?: SocketConstructor;
  onState?: (state: State) => void;
  /** An error that is of no topic. */
  onError?: (error: ErrorFrame) => void;
  backoff?: Backoff;
  /** Of [0, 1). */
  random?: () => number;
  timers?: Timers;
}

/** What is told of a topic. Each is called in the order of what happened. */
export interface Handlers<N extends NodePart = NodeState> {
  /** How nodes are. With part 0, all that was known of the topic is to be forgotten. */
  snapshot: (frame: SnapshotFrame<N>) => void;
  /** What happened to a node; batches are taken apart. */
  event: (happened: Happened<N>) => void;
  /** What became of one of the tree, where the topic is `supervision`. */
  supervised?: (turn: Turn) => void;
  /** So many events were left out, each since a later one of its node says all that it said. */
  lag?: (folded: number) => void;
  /** The gap could not be told: a snapshot follows. */
  resync?: (reason: string) => void;
  /** It is listened to; whether from where it stopped, or from a snapshot that follows. */
  subscribed?: (isResumed: boolean) => void;
  /** It is not listened to any more: it was refused, or is not there for this person any more (null). */
  ended?: (error: ErrorFrame | null) => void;
}

/** How a topic is listened to. */
export interface How {
  mode?: Mode;
  /** The cursor to go on from, which was given for the same fields. */
  since?: string;
}

interface Subscription {
  mode: Mode;
  fields: Field[] | null;
  handlers: Handlers<NodePart>;
  /** Behind the last that was handled. */
  cursor: string | null;
  /** Whether the service knows of it; what it says before is of one that was here earlier. */
  isLive: boolean;
}

/** A listener who comes back to where he stopped. */
export class LiveClient {
  readonly #topics = new Map<Topic, Subscription>();
  readonly #timers: Timers;
  #connection: Connection | null = null;
  #knownAt: number | null = null;
  #session = "";
  #failures = 0;
  #isEnded = false;
  #isStarted = false;
  /** To come back. */
  #timer: unknown;
  /** For the next token. */
  #refresh: unknown;

  constructor(private readonly options: Options) {
    this.#timers = options.timers ?? TIMERS;
  }

  /** Opens the first socket. */
  start(): void {
    if (this.#isStarted) throw new Error("this client was started before");
    this.#isStarted = true;
    void this.#connect();
  }

  /** Listens to a topic until `unsubscribe`, over every socket; behind `since`, where that is known. */
  subscribe(topic: Topic, handlers: Handlers, how?: How): void;
  /** The same, where of each node only some members are told. */
  subscribe(topic: Topic, handlers: Handlers<NodePart>, how: How & { fields: Field[] }): void;
  subscribe(
    topic: Topic,
    handlers: Handlers | Handlers<NodePart>,
    how: How & { fields?: Field[] } = {},
  ): void {
    if (this.#topics.has(topic)) throw new Error(`${topic} is listened to already`);
    const { mode = "latest", fields = null, since = null } = how;
    // Whoever names no fields is told all of each node.
    const told = handlers as Handlers<NodePart>;
    this.#topics.set(topic, { mode, fields, handlers: told, cursor: since, isLive: false });
    if (this.#knownAt !== null) this.#ask(topic);
  }

  unsubscribe(topic: Topic): void {
    const isThere = this.#topics.delete(topic);
    if (isThere && this.#knownAt !== null) {
      this.#connection?.ask({ type: "unsubscribe", topic });
    }
  }

  /** Where a topic has come to, to be kept and given as `since` another day. */
  cursor(topic: Topic): string | null {
    return this.#topics.get(topic)?.cursor ?? null;
  }

  /** Fetches another token and has it take the place of the one before, inside the socket. */
  async refresh(): Promise<void> {
    const connection = this.#connection;
    const { token, expiresInS } = await this.options.token();
    // Where there is no socket to tell, the next one asks for a token by itself.
    if (connection === null || connection !== this.#connection || this.#knownAt === null) return;
    connection.ask({ type: "auth", token });
    this.#refreshIn(expiresInS);
  }

  /** Ends it for good. */
  close(): void {
    this.#end(null);
    this.#connection?.close();
  }

  async #connect(): Promise<void> {
    this.#say({ is: "connecting" });
    let token: Token;
    try {
      token = await this.options.token();
    } catch (error) {
      return this.#closed({ code: 1006, reason: `no token: ${String(error)}` });
    }
    if (this.#isEnded) return;
    const global = globalThis as { WebSocket?: SocketConstructor };
    const WebSocket = this.options.WebSocket ?? global.WebSocket;
    if (WebSocket === undefined) {
      return this.#end({ code: 1006, reason: "there is no WebSocket here: give one" });
    }
    const socket = new WebSocket(this.options.url, ["evara.v1"]);
    const connection = new Connection(socket, this.#timers, {
      hello: ({ session }) => {
        this.#session = session;
        connection.ask({ type: "auth", token: token.token });
      },
      told: (frame) => this.#told(frame),
      answered: (question, error) => this.#answered(question, error, token.expiresInS),
      complained: (error) => this.options.onError?.(error),
      closed: (closed) => this.#closed(closed),
    });
    this.#connection = connection;
  }

  #answered(question: Question, error: ErrorFrame | null, expiresInS: number | undefined): void {
    if (question.type === "subscribe" && error !== null) return this.#refused(question.topic, error);
    if (error !== null) return this.options.onError?.(error);
    if (question.type !== "auth" || this.#knownAt !== null) return;
    this.#knownAt = this.#timers.now();
    this.#refreshIn(expiresInS);
    this.#say({ is: "open", session: this.#session });
    for (const topic of this.#topics.keys()) this.#ask(topic);
  }

  #ask(topic: Topic): void {
    const subscription = this.#topics.get(topic);
    if (subscription === undefined || this.#connection === null) return;
    const { mode, fields, cursor } = subscription;
    const named = fields === null ? {} : { fields };
    const since = cursor === null ? {} : { since: cursor };
    this.#connection.ask({ type: "subscribe", topic, mode, ...named, ...since });
  }

  #refused(topic: Topic, error: ErrorFrame): void {
    const connection = this.#connection;
    if (error.code === "unavailable" || error.code === "busy") {
      this.#timers.set(() => {
        if (connection === this.#connection) this.#ask(topic);
      }, ASK_AGAIN_MS);
      return;
    }
    const subscription = this.#topics.get(topic);
    this.#topics.delete(topic);
    subscription?.handlers.ended?.(error);
  }

  #told(frame: ServerFrame): void {
    if (frame.type === "ping") {
      for (const [topic, cursor] of Object.entries(frame.cursors)) {
        const subscription = this.#topics.get(topic as Topic);
        if (subscription?.isLive) subscription.cursor = cursor;
      }
      return;
    }
    if (!("topic" in frame)) return;
    const subscription = this.#topics.get(frame.topic);
    if (subscription === undefined) return;
    if (frame.type === "subscribed") subscription.isLive = true;
    if (!subscription.isLive) return;
    if (frame.type === "unsubscribed") this.#topics.delete(frame.topic);
    handle(subscription, frame);
  }

  #refreshIn(expiresInS: number | undefined): void {
    this.#timers.clear(this.#refresh);
    if (expiresInS === undefined) return;
    const again = () => this.refresh().catch(() => this.#refreshIn(ASK_AGAIN_MS / 1_000));
    this.#refresh = this.#timers.set(() => void again(), expiresInS * 1_000 * REFRESH_AT);
  }

  #closed(closed: Closed): void {
    const { failures, wasKnown } = this.#wasHeld();
    this.#connection = null;
    this.#knownAt = null;
    this.#timers.clear(this.#refresh);
    for (const subscription of this.#topics.values()) subscription.isLive = false;
    if (this.#isEnded) return;
    const { backoff = BACKOFF, random = Math.random } = this.options;
    const then = next(closed, { failures, wasKnown }, backoff, random);
    if (then.do === "end") return this.#end(closed);
    this.#failures = failures + 1;
    this.#timer = this.#timers.set(() => void this.#connect(), then.afterMs);
    this.#say({ is: "waiting", closed, forMs: then.afterMs });
  }

  #wasHeld(): { failures: number; wasKnown: boolean } {
    if (this.#knownAt === null) return { failures: this.#failures, wasKnown: false };
    const isHeld = this.#timers.now() - this.#knownAt >= HELD_MS;
    return { failures: isHeld ? 0 : this.#failures, wasKnown: true };
  }

  #end(closed: Closed | null): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#timers.clear(this.#timer);
    this.#timers.clear(this.#refresh);
    this.#say({ is: "ended", closed });
  }

  #say(state: State): void {
    this.options.onState?.(state);
  }
}

function tell(handlers: Handlers<NodePart>, happened: Happened<NodePart> | Turn): void {
  if (happened.event === "SUPERVISION") handlers.supervised?.(happened);
  else handlers.event(happened);
}

/** Has the owner of a topic hear of it. The place moves on behind what was handled, and never before. */
function handle(subscription: Subscription, frame: ServerFrame): void {
  const { handlers } = subscription;
  switch (frame.type) {
    case "subscribed":
      handlers.subscribed?.(frame.cursor !== null);
      subscription.cursor = frame.cursor;
      break;
    case "resync":
      subscription.cursor = null;
      handlers.resync?.(frame.reason);
      break;
    case "snapshot":
      handlers.snapshot(frame);
      subscription.cursor = frame.cursor;
      break;
    case "event":
      tell(handlers, frame);
      subscription.cursor = frame.cursor ?? subscription.cursor;
      break;
    case "batch":
      for (const happened of frame.updates) tell(handlers, happened);
      subscription.cursor = frame.cursor ?? subscription.cursor;
      break;
    case "lag":
      handlers.lag?.(frame.folded);
      break;
    case "unsubscribed":
      handlers.ended?.(null);
      break;
    default:
      break;
  }
}
