// One socket, from its opening to its end: who asked what, signs of life, and how it ended.

import type { Closed } from "./end.js";
import type { ClientFrame, ErrorFrame, HelloFrame, ServerFrame } from "./frames.js";
import { read } from "./frames.js";
import { Outbox } from "./outbox.js";
import type { SocketLike, Timers } from "./outside.js";

/** For a socket to open and say hello: a phone in a tunnel may need so long. */
const HELLO_WITHIN_MS = 20_000;

/** What is answered, in the order in which it was asked. */
export type Question = Exclude<ClientFrame, { type: "pong" }>;

export interface Listener {
  hello(frame: HelloFrame): void;
  /** Whatever is said of topics. */
  told(frame: ServerFrame): void;
  /** A question was answered: as was wished, or by an error. */
  answered(question: Question, error: ErrorFrame | null): void;
  /** An error that answers no question. */
  complained(error: ErrorFrame): void;
  /** The last word; said once. */
  closed(closed: Closed): void;
}

export class Connection {
  readonly #outbox: Outbox;
  readonly #asked: Question[] = [];
  #heardAt: number;
  #timer: unknown;
  #isOver = false;

  constructor(
    private readonly socket: SocketLike,
    private readonly timers: Timers,
    private readonly listener: Listener,
  ) {
    this.#outbox = new Outbox((frame) => socket.send(JSON.stringify(frame)), timers);
    this.#heardAt = timers.now();
    this.#timer = timers.set(() => this.#lost("no hello"), HELLO_WITHIN_MS);
    socket.onmessage = (event: { data: unknown }) => this.#hear(event.data);
    socket.onclose = ({ code, reason }: Closed) => this.#over({ code, reason });
    // The end follows, and says what is known of it.
    socket.onerror = () => {};
  }

  ask(question: Question): void {
    this.#asked.push(question);
    this.#outbox.put(question);
  }

  close(): void {
    this.#over({ code: 1000, reason: "closed by us" });
    this.socket.close(1000);
  }

  #hear(data: unknown): void {
    if (this.#isOver) return;
    this.#heardAt = this.timers.now();
    const frame = typeof data === "string" ? read(data) : null;
    if (frame === null) return;
    if (frame.type === "hello") {
      this.#watch(frame.heartbeat_s * 1_000);
      this.listener.hello(frame);
    } else if (frame.type === "error") {
      const question = this.#asked.shift();
      if (question === undefined) this.listener.complained(frame);
      else this.listener.answered(question, frame);
    } else {
      if (frame.type === "ping") this.#outbox.now({ type: "pong" });
      const question = answers(frame, this.#asked[0]) ? this.#asked.shift() : undefined;
      if (frame.type !== "authenticated") this.listener.told(frame);
      if (question !== undefined) this.listener.answered(question, null);
    }
  }

  /** Of two heartbeats that did not come, the service has forgotten us, or the way to it is gone. */
  #watch(heartbeatMs: number): void {
    this.timers.clear(this.#timer);
    const silent = this.timers.now() - this.#heardAt;
    if (silent > 2 * heartbeatMs) return this.#lost("no sign of life");
    this.#timer = this.timers.set(() => this.#watch(heartbeatMs), heartbeatMs);
  }

  /** A dead line closes late or never: it is not waited for. */
  #lost(reason: string): void {
    this.#over({ code: 1006, reason });
    this.socket.close();
  }

  #over(closed: Closed): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.timers.clear(this.#timer);
    this.#outbox.close();
    this.listener.closed(closed);
  }
}

/** Whether a frame is what was asked for; a topic may end, too, without being asked to. */
function answers(frame: ServerFrame, question: Question | undefined): boolean {
  switch (frame.type) {
    case "authenticated":
      return question?.type === "auth";
    case "subscribed":
      return question?.type === "subscribe" && question.topic === frame.topic;
    case "unsubscribed":
      return question?.type === "unsubscribe" && question.topic === frame.topic;
    default:
      return false;
  }
}
