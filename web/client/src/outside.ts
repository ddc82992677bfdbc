// What a client needs of where it runs: a WebSocket and a timer, both as browsers have them.

/** The part of a WebSocket that is used; those of browsers, of Node 22 and of the package ws are ones. */
export interface SocketLike {
  send(text: string): void;
  close(code?: number, reason?: string): void;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
}

export type SocketConstructor = new (url: string, protocols: string[]) => SocketLike;

export interface Timers {
  now(): number;
  set(run: () => void, afterMs: number): unknown;
  clear(timer: unknown): void;
}

declare function setTimeout(run: () => void, afterMs: number): unknown;
declare function clearTimeout(timer: never): void;

export const TIMERS: Timers = {
  now: () => Date.now(),
  set: (run, afterMs) => setTimeout(run, afterMs),
  clear: (timer) => clearTimeout(timer as never),
};
