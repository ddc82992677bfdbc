// What the client says, and when, over sockets that are not there and in time that is made up.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import type { Handlers, State } from "../src/client.js";
import { LiveClient } from "../src/client.js";
import type { Change, Field, Happened, ServerFrame, Supervised, Topic, Turn } from "../src/frames.js";
import { FakeSocket, FakeTimers, settled } from "./fake.js";

const HELLO: ServerFrame = {
  type: "hello",
  session: "s",
  heartbeat_s: 30,
  resume_window_s: 120,
};

function change(revision: number): Change {
  const node = { node_id: "n", revision, status: "online", last_seen_at: null } as const;
  const at = "2026-01-31T08:15:30Z";
  const values = { reported: {}, derived: {}, status_since: at };
  return { ...node, ...values, event: "TELEMETRY_UPDATE", previous_revision: revision - 1, at };
}

class Scene {
  readonly timers = new FakeTimers();
  readonly states: State[] = [];
  readonly errors: string[] = [];
  readonly heard: unknown[] = [];
  tokens = 0;
  random = 0.5;
  expiresInS: number | null = null;
  readonly client = new LiveClient({
    url: "ws://somewhere/api/v1/ws",
    token: () => this.#token(),
    WebSocket: FakeSocket,
    onState: (state) => this.states.push(state),
    onError: ({ code }) => this.errors.push(code),
    random: () => this.random,
    timers: this.timers,
  });
  readonly handlers: Handlers = {
    snapshot: ({ part, nodes }) => this.heard.push(`snapshot ${part} of ${nodes.length}`),
    event: ({ revision }: Happened) => this.heard.push(revision),
    lag: (folded) => this.heard.push(`lag ${folded}`),
    resync: (reason) => this.heard.push(`resync ${reason}`),
    subscribed: (isResumed) => this.heard.push(isResumed ? "resumed" : "begun"),
    ended: (error) => this.heard.push(`ended ${error?.code}`),
  };

  #token() {
    this.tokens += 1;
    const token = `t${this.tokens}`;
    return this.expiresInS === null ? { token } : { token, expiresInS: this.expiresInS };
  }

  /** Up to where the token was taken. */
  async open(): Promise<FakeSocket> {
    await settled();
    const socket = FakeSocket.last();
    socket.tells(HELLO, { type: "authenticated" });
    return socket;
  }

  async start(): Promise<FakeSocket> {
    this.client.start();
    return this.open();
  }

  /** How it stands. */
  state(): State | undefined {
    return this.states.at(-1);
  }
}

beforeEach(() => {
  FakeSocket.made = [];
});

test("it says who it is, subscribes, and tells what happens in order", async () => {
  const scene = new Scene();
  scene.client.subscribe("fleet", scene.handlers, { mode: "all" });
  const socket = await scene.start();
  assert.deepEqual(socket.protocols, ["evara.v1"]);
  assert.deepEqual(socket.said, [
    { type: "auth", token: "t1" },
    { type: "subscribe", topic: "fleet", mode: "all" },
  ]);
  const at = { topic: "fleet" } as const;
  socket.tells(
    { type: "subscribed", ...at, cursor: null },
    { type: "snapshot", ...at, part: 0, more: true, cursor: null, nodes: [] },
    { type: "event", ...at, cursor: null, ...change(7) },
    { type: "snapshot", ...at, part: 1, more: false, cursor: "c1", nodes: [] },
    { type: "lag", ...at, folded: 3 },
    { type: "batch", ...at, event: "BATCH_STATUS_UPDATE", cursor: "c2", updates: [change(8), change(9)] },
  );
  assert.deepEqual(scene.heard, ["begun", "snapshot 0 of 0", 7, "snapshot 1 of 0", "lag 3", 8, 9]);
  assert.equal(scene.client.cursor("fleet"), "c2");
});

test("it asks for the same fields whenever it comes, and tells what is there of them", async () => {
  const scene = new Scene();
  const levels: (number | null | undefined)[] = [];
  const fields: Field[] = ["reported.level_cm"];
  scene.client.subscribe(
    "fleet",
    {
      snapshot: ({ nodes }) => levels.push(...nodes.map(({ reported }) => reported?.["level_cm"])),
      event: (happened) => levels.push("reported" in happened ? happened.reported?.["level_cm"] : null),
    },
    { fields },
  );
  let socket = await scene.start();
  const asked = { type: "subscribe", topic: "fleet", mode: "latest", fields } as const;
  assert.deepEqual(socket.said.at(-1), asked);
  const at = { topic: "fleet" } as const;
  const reported = { level_cm: 7 };
  const step = { event: "TELEMETRY_UPDATE", previous_revision: 1, at: "2026-01-31T08:15:30Z" } as const;
  socket.tells(
    { type: "subscribed", ...at, cursor: null },
    {
      type: "snapshot",
      ...at,
      part: 0,
      more: false,
      cursor: "c1",
      nodes: [{ node_id: "n", revision: 1, reported: {} }],
    },
    { type: "event", ...at, cursor: "c2", ...step, node_id: "n", revision: 2, reported },
  );
  assert.deepEqual(levels, [undefined, 7]);
  socket.ends(1006);
  await scene.timers.pass(1_000);
  socket = await scene.open();
  assert.deepEqual(socket.said.at(-1), { ...asked, since: "c2" });
});

test("what becomes of the tree is told apart from what happens to nodes", async () => {
  const scene = new Scene();
  const turns: string[] = [];
  const supervised = ({ id, state }: Turn) => void turns.push(`${id} ${state}`);
  scene.client.subscribe("supervision", { ...scene.handlers, supervised });
  const socket = await scene.start();
  const at = { topic: "supervision" } as const;
  const one: Supervised = { id: "host", kind: "breaker", state: "open", restarts: 0, node_id: null };
  const turn: Turn = { ...one, event: "SUPERVISION", at: "2026-01-31T08:15:30Z" };
  const closed: Turn = { ...turn, state: "closed" };
  socket.tells(
    { type: "subscribed", ...at, cursor: null },
    { type: "snapshot", ...at, part: 0, more: false, cursor: "c1", nodes: [], supervised: [one] },
    { type: "event", ...at, cursor: "c2", ...turn },
    { type: "batch", ...at, event: "BATCH_STATUS_UPDATE", cursor: "c3", updates: [closed, turn] },
  );
  assert.deepEqual(turns, ["host open", "host closed", "host open"]);
  assert.deepEqual(scene.heard, ["begun", "snapshot 0 of 0"]);
  assert.equal(scene.client.cursor("supervision"), "c3");
});

test("it comes back to where it stopped, and forgets its place where there is none any more", async () => {
  const scene = new Scene();
  scene.client.subscribe("fleet", scene.handlers);
  let socket = await scene.start();
  const at = { topic: "fleet" } as const;
  socket.tells(
    { type: "subscribed", ...at, cursor: null },
    { type: "snapshot", ...at, part: 0, more: false, cursor: "c1", nodes: [] },
    { type: "ping", cursors: { fleet: "c2" } },
  );
  assert.deepEqual(socket.said.at(-1), { type: "pong" });
  socket.ends(1006);
  await scene.timers.pass(1_000);
  socket = await scene.open();
  assert.equal(FakeSocket.made.length, 2);
  assert.deepEqual(socket.said.at(-1), { type: "subscribe", topic: "fleet", mode: "latest", since: "c2" });
  socket.tells({ type: "subscribed", ...at, cursor: null }, { type: "resync", ...at, reason: "gap" });
  assert.equal(scene.client.cursor("fleet"), null);
  assert.deepEqual(scene.heard.slice(-2), ["begun", "resync gap"]);
  socket.tells({ type: "snapshot", ...at, part: 0, more: true, cursor: null, nodes: [] });
  socket.ends(1006);
  await scene.timers.pass(1_000);
  socket = await scene.open();
  // With half a snapshot there is no going on.
  assert.deepEqual(socket.said.at(-1), { type: "subscribe", topic: "fleet", mode: "latest" });
});

test("a place is not moved on behind what its owner could not handle", async () => {
  const scene = new Scene();
  const event = () => {
    throw new Error("no room");
  };
  scene.client.subscribe("fleet", { ...scene.handlers, event }, { since: "c0" });
  const socket = await scene.start();
  socket.tells({ type: "subscribed", topic: "fleet", cursor: "c0" });
  const frame: ServerFrame = { type: "event", topic: "fleet", cursor: "c1", ...change(1) };
  assert.throws(() => socket.tells(frame), /no room/);
  assert.equal(scene.client.cursor("fleet"), "c0");
});

test("pauses grow with each failure up to the cap, are taken by chance, and begin anew once it held", async () => {
  const scene = new Scene();
  scene.random = 0.999_999;
  scene.client.start();
  const pauses: number[] = [];
  for (let round = 0; round < 9; round += 1) {
    await settled();
    FakeSocket.last().ends(1006);
    const state = scene.state();
    assert.ok(state?.is === "waiting");
    pauses.push(state.forMs);
    await scene.timers.pass(state.forMs);
  }
  assert.deepEqual(pauses, [499, 999, 1999, 3999, 7999, 15999, 29999, 29999, 29999]);
  const socket = await scene.open();
  await scene.timers.pass(6_000);
  scene.random = 0;
  socket.ends(1006);
  assert.deepEqual(scene.state(), { is: "waiting", closed: { code: 1006, reason: "" }, forMs: 0 });
});

test("a restart is waited for as long as the service says, and no longer than is believable", async () => {
  for (const [reason, forMs] of [
    ['{"retry_after_ms":2345}', 2345],
    ['{"retry_after_ms":86400000}', 250],
    ["", 250],
    ["null", 250],
  ] as const) {
    const scene = new Scene();
    (await scene.start()).ends(1012, reason);
    const state = scene.state();
    assert.ok(state?.is === "waiting" && state.forMs === forMs, `${reason}: ${JSON.stringify(state)}`);
  }
});

test("what a code means is done", async () => {
  for (const [code, wasKnown, expected] of [
    [4401, false, "ended"],
    [4401, true, "waiting"],
    [4403, true, "ended"],
    [4408, true, "waiting"],
    [4429, false, "waiting"],
    [1001, true, "waiting"],
    [1006, false, "waiting"],
    [1011, true, "waiting"],
    [1002, true, "ended"],
    [1007, true, "ended"],
    [1009, true, "ended"],
  ] as const) {
    FakeSocket.made = [];
    const scene = new Scene();
    scene.client.start();
    if (wasKnown) await scene.open();
    await settled();
    FakeSocket.last().ends(code);
    assert.equal(scene.state()?.is, expected, `${code}`);
    await scene.timers.pass(120_000);
    assert.equal(FakeSocket.made.length > 1, expected === "waiting", `${code}`);
  }
});

test("another token takes the place of one that runs out, inside the socket", async () => {
  const scene = new Scene();
  scene.expiresInS = 100;
  const socket = await scene.start();
  await scene.timers.pass(79_000);
  socket.tells({ type: "ping", cursors: {} });
  await scene.timers.pass(2_000);
  const auths = socket.said.filter(({ type }) => type === "auth");
  assert.deepEqual(auths, [
    { type: "auth", token: "t1" },
    { type: "auth", token: "t2" },
  ]);
  socket.tells({ type: "authenticated" });
  assert.equal(scene.states.filter(({ is }) => is === "open").length, 1);
  assert.equal(FakeSocket.made.length, 1);
});

test("a line without a sign of life is given up, and one with pings is not", async () => {
  const scene = new Scene();
  const socket = await scene.start();
  for (let beat = 0; beat < 4; beat += 1) {
    await scene.timers.pass(30_000);
    socket.tells({ type: "ping", cursors: {} });
  }
  assert.equal(scene.state()?.is, "open");
  scene.random = 0.999;
  await scene.timers.pass(91_000);
  assert.ok(socket.isClosed);
  const waited = scene.states.find(({ is }) => is === "waiting");
  assert.ok(waited?.is === "waiting" && waited.closed.reason === "no sign of life");
  const silent = FakeSocket.last();
  assert.notEqual(silent, socket);
  await scene.timers.pass(21_000);
  assert.ok(silent.isClosed, "a socket that never says hello is given up");
});

test("it says no more than the service takes in a second", async () => {
  const scene = new Scene();
  for (let node = 0; node < 100; node += 1) scene.client.subscribe(`nodes/${node}`, scene.handlers);
  const socket = await scene.start();
  const said: number[] = [];
  for (let second = 0; second < 4; second += 1) {
    said.push(socket.said.length);
    await scene.timers.pass(1_100);
  }
  assert.deepEqual(said, [40, 80, 101, 101]);
});

test("a topic that is refused ends, one that is away for a moment is asked for again", async () => {
  const scene = new Scene();
  scene.client.subscribe("fleet", scene.handlers);
  scene.client.subscribe("alerts", scene.handlers);
  const socket = await scene.start();
  socket.tells(
    { type: "error", code: "forbidden", detail: "" },
    { type: "error", code: "unavailable", detail: "" },
    { type: "error", code: "internal", detail: "" },
  );
  assert.deepEqual(scene.heard, ["ended forbidden"]);
  assert.deepEqual(scene.errors, ["internal"]);
  const before = socket.said.length;
  await scene.timers.pass(5_000);
  assert.deepEqual(socket.said.slice(before), [{ type: "subscribe", topic: "alerts", mode: "latest" }]);
  socket.tells({ type: "subscribed", topic: "alerts", cursor: "c" }, { type: "unsubscribed", topic: "alerts" });
  assert.deepEqual(scene.heard.slice(1), ["resumed", "ended undefined"]);
});

test("nothing of what was listened to before is told to who listens to it again", async () => {
  const scene = new Scene();
  const fleet: Topic = "fleet";
  scene.client.subscribe(fleet, scene.handlers);
  const socket = await scene.start();
  socket.tells({ type: "subscribed", topic: fleet, cursor: "c" });
  scene.client.unsubscribe(fleet);
  scene.client.subscribe(fleet, scene.handlers);
  scene.heard.length = 0;
  socket.tells(
    { type: "event", topic: fleet, cursor: "c1", ...change(1) },
    { type: "unsubscribed", topic: fleet },
    { type: "subscribed", topic: fleet, cursor: null },
    { type: "event", topic: fleet, cursor: null, ...change(2) },
  );
  assert.deepEqual(scene.heard, ["begun", 2]);
});

test("what it does not understand changes nothing", async () => {
  const scene = new Scene();
  const socket = await scene.start();
  for (const text of ["", "{", "null", "[]", "7", '{"type":7}', '{"type":"toString"}', '{"type":"dance"}', new Uint8Array(3)]) {
    socket.tellsText(text);
  }
  assert.equal(scene.state()?.is, "open");
});

test("what was closed stays closed", async () => {
  const scene = new Scene();
  const socket = await scene.start();
  scene.client.close();
  assert.ok(socket.isClosed);
  socket.ends(1006);
  await scene.timers.pass(600_000);
  assert.equal(FakeSocket.made.length, 1);
  assert.deepEqual(scene.state(), { is: "ended", closed: null });
  assert.throws(() => scene.client.start(), /started before/);
});
