// A socket without a network, and time that passes when it is told to.

import type { ClientFrame, ServerFrame } from "../src/frames.js";
import type { SocketLike, Timers } from "../src/outside.js";

export class FakeTimers implements Timers {
  #now = 0;
  #due = new Map<number, { at: number; run: () => void }>();
  #next = 0;

  now(): number {
    return this.#now;
  }

  set(run: () => void, afterMs: number): unknown {
    this.#next += 1;
    this.#due.set(this.#next, { at: this.#now + afterMs, run });
    return this.#next;
  }

  clear(timer: unknown): void {
    this.#due.delete(timer as number);
  }

  /** Lets time pass, and whatever waits for it happen in order. */
  async pass(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settled();
    for (;;) {
      const due = [...this.#due].filter(([, { at }]) => at <= until);
      const first = due.sort(([, one], [, other]) => one.at - other.at)[0];
      if (first === undefined) break;
      const [id, { at, run }] = first;
      this.#due.delete(id);
      this.#now = Math.max(this.#now, at);
      run();
      await settled();
    }
    this.#now = until;
  }
}

/** Whatever was promised has happened. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

export class FakeSocket implements SocketLike {
  static made: FakeSocket[] = [];
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: never) => void) | null = null;
  onclose: ((event: never) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  readonly said: ClientFrame[] = [];
  isClosed = false;

  constructor(
    readonly url: string,
    readonly protocols: string[],
  ) {
    FakeSocket.made.push(this);
  }

  static last(): FakeSocket {
    const socket = FakeSocket.made.at(-1);
    if (socket === undefined) throw new Error("no socket was opened");
    return socket;
  }

  send(text: string): void {
    this.said.push(JSON.parse(text) as ClientFrame);
  }

  close(): void {
    this.isClosed = true;
  }

  /** The service says something. */
  tells(...frames: ServerFrame[]): void {
    for (const frame of frames) this.tellsText(JSON.stringify(frame));
  }

  tellsText(data: unknown): void {
    (this.onmessage as ((event: { data: unknown }) => void) | null)?.({ data });
  }

  /** The service, or the network, ends it. */
  ends(code: number, reason = ""): void {
    type Ending = ((event: { code: number; reason: string }) => void) | null;
    (this.onclose as Ending)?.({ code, reason });
  }
}
