// Watches everything that somebody sees: `npm run watch -- http://127.0.0.1:8080 "$TOKEN"`, from web/client.

import WebSocket from "ws";

import type { Handlers } from "../src/index.js";
import { LiveClient } from "../src/index.js";

const [base, token] = process.argv.slice(2);
if (base === undefined || token === undefined) {
  console.error('usage: npm run watch -- http://127.0.0.1:8080 "$TOKEN"');
  process.exit(64);
}

const handlers: Handlers = {
  snapshot: ({ nodes, more }) => {
    for (const { node_id, revision, status } of nodes) console.log(node_id, `r${revision}`, status);
    if (!more) console.log("… and that is everything. What happens from now on:");
  },
  event: ({ event, node_id, revision }) => console.log(node_id, `r${revision}`, event),
  lag: (folded) => console.log(`${folded} events were left out: this is a slow reader`),
  resync: (reason) => console.log(`begins anew: ${reason}`),
  ended: (error) => console.log(`refused: ${error?.detail ?? "it is not there any more"}`),
};

const client = new LiveClient({
  url: `${base.replace(/^http/, "ws")}/api/v1/ws`,
  token: () => ({ token }),
  WebSocket,
  onState: (state) => {
    console.error(state);
    if (state.is === "ended") process.exitCode = state.closed === null ? 0 : 1;
  },
});
client.subscribe("fleet", handlers);
client.start();
process.once("SIGINT", () => client.close());
