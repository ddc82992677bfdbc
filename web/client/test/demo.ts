// The real service with a living fleet behind it, and a line to it that can be cut.

import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo, Server, Socket } from "node:net";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A debug build on a busy machine makes its fleet within this, and stops within it. */
export const PATIENCE_MS = 90_000;

/** Waits for what is promised, and no longer than there is patience. */
export async function inTime<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not in time: ${what}`)), PATIENCE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function binary(): string {
  const root = resolve(fileURLToPath(import.meta.url), "../../../../..");
  const target = resolve(root, process.env["CARGO_TARGET_DIR"] ?? "target");
  const path = process.env["EVARA_BIN"] ?? join(target, "debug", "evara");
  if (!existsSync(path)) {
    throw new Error(`${path} is not there: build it by \`cargo build --bin evara\`, or name one in EVARA_BIN`);
  }
  return path;
}

/** What somebody signs in by. */
export interface Session {
  access_token: string;
  refresh_token: string;
}

export class Demo {
  session: Session = { access_token: "", refresh_token: "" };

  private constructor(
    private readonly child: ChildProcess,
    private readonly data: string,
    /** `http://127.0.0.1:port` */
    readonly base: string,
  ) {}

  /** Six nodes whose world runs twenty times as fast, and somebody who runs it, signed in. */
  static async start(): Promise<Demo> {
    const data = mkdtempSync(join(tmpdir(), "evara-client-"));
    const world = ["--port", "0", "--nodes", "6", "--speed", "20", "--data", data];
    const child = spawn(binary(), ["demo", ...world], { stdio: ["ignore", "pipe", "ignore"] });
    try {
      const { base, password } = await inTime("the demo's announcement", announced(child));
      const demo = new Demo(child, data, base);
      const email = "admin@demo.example";
      const body = { email, password, new_password: `${password} and more` };
      demo.session = await demo.post("/auth/login", body);
      return demo;
    } catch (error) {
      child.kill("SIGKILL");
      rmSync(data, { recursive: true, force: true });
      throw error;
    }
  }

  async get<T>(path: string): Promise<T> {
    const headers = { authorization: `Bearer ${this.session.access_token}` };
    return answered(await fetch(this.base + path, { headers, signal: AbortSignal.timeout(PATIENCE_MS) }));
  }

  async post<T>(path: string, body: object): Promise<T> {
    const headers = { "content-type": "application/json" };
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const request = { method: "POST", headers, body: JSON.stringify(body), signal };
    return answered(await fetch(`${this.base}/api/v1${path}`, request));
  }

  /** The next tokens; the ones before are no use any more. */
  async refresh(): Promise<void> {
    const { refresh_token } = this.session;
    this.session = await this.post("/auth/refresh", { refresh_token });
  }

  /** Asks again until it is so, as long as there is patience. */
  async until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const late = Date.now() + PATIENCE_MS;
    while (!(await isSo())) {
      if (Date.now() > late) throw new Error(`not in time: ${what}`);
      await new Promise((done) => setTimeout(done, 50));
    }
  }

  /** Asks it to end as platforms do; its exit code. */
  async end(): Promise<number | null> {
    const ended = new Promise<number | null>((done) => this.child.once("exit", done));
    this.child.kill("SIGTERM");
    return inTime("its end", ended);
  }

  /** Whatever became of it, nothing is left. */
  clean(): void {
    if (this.child.exitCode === null) this.child.kill("SIGKILL");
    rmSync(this.data, { recursive: true, force: true });
  }
}

async function answered<T>(answer: Response): Promise<T> {
  if (!answer.ok) throw new Error(`${answer.url}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}

async function announced(child: ChildProcess): Promise<{ base: string; password: string }> {
  if (child.stdout === null) throw new Error("no stdout");
  let base = "";
  for await (const line of createInterface(child.stdout)) {
    base ||= /http:\/\/\S+/.exec(line)?.[0] ?? "";
    const password = /super_admin \S+ (\S+)/.exec(line)?.[1];
    if (password !== undefined) {
      // It goes on talking, and must not wait for somebody to listen.
      child.stdout.resume();
      return { base, password };
    }
  }
  throw new Error("the demo ended before it said where it is");
}

/** A line to a port, which can be cut. */
export class Line {
  readonly #open = new Set<Socket>();
  #isUp = true;

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async to(port: number): Promise<Line> {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const line = new Line(server, (server.address() as AddressInfo).port);
    server.on("connection", (near) => line.#join(near, connect(port, "127.0.0.1")));
    return line;
  }

  #join(near: Socket, far: Socket): void {
    if (!this.#isUp) {
      near.destroy();
      far.destroy();
      return;
    }
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#open.add(one);
      one.pipe(other);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        this.#open.delete(one);
        other.destroy();
      });
    }
  }

  /** Breaks what is open off, and lets nobody through until it is mended. */
  cut(): void {
    this.#isUp = false;
    for (const socket of this.#open) socket.destroy();
  }

  mend(): void {
    this.#isUp = true;
  }

  close(): void {
    this.cut();
    this.server.close();
  }
}
