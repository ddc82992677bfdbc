// Frames on their way out, no faster than the service takes them.

import type { ClientFrame } from "./frames.js";
import type { Timers } from "./outside.js";

/** The service closes on more than 50 a second; the rest is room for pongs. */
const FRAMES_A_WINDOW = 40;

/** A little longer than the service's second, since the two do not begin together. */
const WINDOW_MS = 1_100;

/** Sends in order. What waits for its turn is bounded by what its owner asks for: a frame a topic. */
export class Outbox {
  readonly #waiting: ClientFrame[] = [];
  #sent = 0;
  #timer: unknown;

  constructor(
    private readonly send: (frame: ClientFrame) => void,
    private readonly timers: Timers,
  ) {}

  put(frame: ClientFrame): void {
    this.#waiting.push(frame);
    this.#flush();
  }

  /** Says a word out of turn: a sign of life must not wait. */
  now(frame: ClientFrame): void {
    this.send(frame);
  }

  close(): void {
    this.#waiting.length = 0;
    this.timers.clear(this.#timer);
  }

  #flush(): void {
    while (this.#sent < FRAMES_A_WINDOW) {
      const frame = this.#waiting.shift();
      if (frame === undefined) return;
      if (this.#sent === 0) {
        this.#timer = this.timers.set(() => {
          this.#sent = 0;
          this.#flush();
        }, WINDOW_MS);
      }
      this.#sent += 1;
      this.send(frame);
    }
  }
}
