// Somebody who listens and believes nothing: what goes back, skips or comes twice is a complaint.

import type { Handlers, Happened } from "../src/index.js";

export class Watcher {
  /** The revision that each node is known to be at. */
  readonly nodes = new Map<string, number>();
  readonly complaints: string[] = [];
  events = 0;
  snapshots = 0;
  resumed = 0;
  isWhole = false;
  refused: string | null = null;
  #tell = new Set<() => void>();

  readonly handlers: Handlers = {
    snapshot: ({ part, more, nodes }) => {
      if (part === 0) {
        this.nodes.clear();
        this.snapshots += 1;
      }
      for (const { node_id, revision } of nodes) {
        if (this.nodes.has(node_id)) this.complaints.push(`${node_id} is there twice`);
        this.nodes.set(node_id, revision);
      }
      this.isWhole = !more;
      this.#changed();
    },
    event: (happened) => {
      this.#happen(happened);
      this.#changed();
    },
    lag: (folded) => this.complaints.push(`${folded} were folded`),
    resync: (reason) => this.complaints.push(`resync: ${reason}`),
    subscribed: (isResumed) => {
      this.resumed += isResumed ? 1 : 0;
      this.#changed();
    },
    ended: (error) => {
      this.refused = error?.code ?? "gone";
      this.#changed();
    },
  };

  #happen({ event, node_id, revision, previous_revision }: Happened): void {
    const known = this.nodes.get(node_id) ?? 0;
    this.events += 1;
    if (previous_revision !== known) {
      this.complaints.push(`${node_id} skips from ${known} to ${previous_revision}`);
    }
    if (event === "NODE_REMOVED") {
      this.nodes.delete(node_id);
      return;
    }
    if (revision <= known) this.complaints.push(`${node_id} goes from ${known} to ${revision}`);
    this.nodes.set(node_id, revision);
  }

  #changed(): void {
    for (const tell of this.#tell) tell();
  }

  /** Waits until it is so, looking whenever something is told. */
  until(isSo: () => boolean): Promise<void> {
    return new Promise((done) => {
      const look = () => {
        if (!isSo()) return;
        this.#tell.delete(look);
        done();
      };
      this.#tell.add(look);
      look();
    });
  }
}
