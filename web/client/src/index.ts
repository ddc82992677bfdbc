// A client of Evara's live topics, for browsers and Node.

export { LiveClient } from "./client.js";
export type { Handlers, How, Options, State, Token } from "./client.js";
export type { Backoff, Closed } from "./end.js";
export type * from "./frames.js";
export type { SocketConstructor, SocketLike, Timers } from "./outside.js";
