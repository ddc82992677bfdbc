// The client against the real service: a fleet that moves, a line that is cut, tokens that change, and the end.

import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { after, before, test } from "node:test";

import WebSocket from "ws";

import type { Handlers, Happened, NodePart, Options, State } from "../src/index.js";
import { LiveClient } from "../src/index.js";
import { Demo, inTime, Line, PATIENCE_MS } from "./demo.js";
import type { AsyncApi } from "./shapes.js";
import { hold } from "./shapes.js";
import { Watcher } from "./watcher.js";

/** More than a test waits for one thing after another. */
const LONG = { timeout: 3 * PATIENCE_MS };

let demo: Demo;
let line: Line;

before(async () => {
  demo = await Demo.start();
  line = await Line.to(Number(new URL(demo.base).port));
});

after(() => {
  line?.close();
  demo?.clean();
});

/** A client over the line, and how it stood from its beginning on. */
function client(t: TestContext, token: Options["token"]): { client: LiveClient; until: (is: State["is"]) => Promise<State> } {
  const states: State[] = [];
  let tell = () => {};
  const onState = (state: State) => {
    states.push(state);
    tell();
  };
  const url = `ws://127.0.0.1:${line.port}/api/v1/ws`;
  const it = new LiveClient({ url, token, WebSocket, onState, backoff: { baseMs: 50, capMs: 500 } });
  // Also where the test fails: a client that is left comes back for ever.
  t.after(() => it.close());
  const until = async (is: State["is"]) => {
    const found = async () => {
      for (;;) {
        const state = states.shift();
        if (state?.is === is) return state;
        if (state === undefined) await new Promise<void>((done) => (tell = done));
      }
    };
    return inTime(`it is ${is}`, found());
  };
  return { client: it, until };
}

const token = () => ({ token: demo.session.access_token });

test("who is cut off again and again misses nothing, is told nothing twice, and knows what the service knows", LONG, async (t) => {
  const watcher = new Watcher();
  const { client: it, until } = client(t, token);
  it.subscribe("fleet", watcher.handlers, { mode: "all" });
  it.start();
  await inTime("a snapshot", watcher.until(() => watcher.isWhole));
  assert.equal(watcher.nodes.size, 6);
  for (let cut = 1; cut <= 3; cut += 1) {
    const events = watcher.events;
    await inTime("events", watcher.until(() => watcher.events > events + 5));
    line.cut();
    await until("waiting");
    const known = sum(watcher.nodes.values());
    await demo.until("something happens while the line is down", async () => {
      const now = (await revisions(demo)).map(([, revision]) => revision);
      return sum(now) > known;
    });
    line.mend();
    await until("open");
    await inTime("it is resumed", watcher.until(() => watcher.resumed === cut));
  }
  for (const [node, revision] of await revisions(demo)) {
    await inTime("what the service knows", watcher.until(() => (watcher.nodes.get(node) ?? 0) >= revision));
  }
  it.close();
  assert.deepEqual(watcher.complaints, []);
  assert.equal(watcher.snapshots, 1);
});

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((all, number) => all + number, 0);
}

/** What the service says of each node. */
async function revisions(of: Demo): Promise<[string, number][]> {
  const { items } = await of.get<{ items: { id: string }[] }>("/api/v1/nodes");
  const twins = items.map(({ id }) => of.get<{ revision: number }>(`/api/v1/nodes/${id}/twin?view=values`));
  const known = await Promise.all(twins);
  return items.map(({ id }, place) => [id, known[place]?.revision ?? 0]);
}

test("its types are what the service says of itself", LONG, async () => {
  hold(await demo.get<AsyncApi>("/api/asyncapi.json"));
});

test("of each node it is told the members that it names, and no others", LONG, async (t) => {
  const { client: it } = client(t, token);
  const told = { nodes: [] as NodePart[], events: [] as Happened<NodePart>[], isWhole: false };
  const handlers: Handlers<NodePart> = {
    snapshot: ({ nodes, more }) => {
      told.nodes.push(...nodes);
      told.isWhole = !more;
    },
    event: (happened) => void told.events.push(happened),
  };
  it.subscribe("fleet", handlers, { fields: ["status", "derived"] });
  it.start();
  await demo.until("something happens", async () => told.isWhole && told.events.length > 0);
  it.close();
  const members = (of: object[]) => [...new Set(of.flatMap((one) => Object.keys(one)))].sort();
  const named = ["derived", "node_id", "revision", "status"];
  assert.deepEqual(members(told.nodes), named);
  const beside = new Set(["type", "event", "topic", "cursor", "previous_revision", "at"]);
  assert.deepEqual(members(told.events).filter((member) => !beside.has(member)), named);
});

test("another token takes the place of the one before without another socket", LONG, async (t) => {
  const watcher = new Watcher();
  let asked = 0;
  const { client: it, until } = client(t, async () => {
    asked += 1;
    if (asked > 1) await demo.refresh();
    return { ...token(), expiresInS: asked > 1 ? 900 : 2 };
  });
  it.subscribe("fleet", watcher.handlers);
  it.start();
  const first = await until("open");
  await inTime("a second token", watcher.until(() => asked > 1));
  const events = watcher.events;
  await inTime("events under it", watcher.until(() => watcher.events > events + 5));
  await it.refresh();
  it.close();
  const last = await until("ended");
  assert.deepEqual([asked, watcher.snapshots, watcher.complaints], [3, 1, []]);
  assert.ok(first.is === "open" && last.is === "ended" && last.closed === null);
});

test("a wrong token ends it, a topic that is not there ends alone", LONG, async (t) => {
  const wrong = client(t, () => ({ token: "no-such" }));
  wrong.client.start();
  const state = await wrong.until("ended");
  assert.ok(state.is === "ended" && state.closed?.code === 4401, JSON.stringify(state));
  const { client: it } = client(t, token);
  const watcher = new Watcher();
  it.subscribe("nodes/0197c0de-0000-7000-8000-000000000000", watcher.handlers);
  it.start();
  await inTime("the refusal", watcher.until(() => watcher.refused !== null));
  assert.equal(watcher.refused, "not_found");
  it.close();
});

test("a service that ends says when to come back", LONG, async (t) => {
  const { client: it, until } = client(t, token);
  it.start();
  await until("open");
  const exit = demo.end();
  const state = await until("waiting");
  it.close();
  assert.ok(state.is === "waiting" && state.closed.code === 1012, JSON.stringify(state));
  assert.ok(state.forMs >= 1_000 && state.forMs < 5_000, `${state.forMs}`);
  assert.equal(await exit, 0);
});
