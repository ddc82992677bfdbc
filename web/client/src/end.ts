// What to do when a socket is closed: by its code, and by how often it came to nothing.

/** What a socket was closed with. */
export interface Closed {
  code: number;
  reason: string;
}

export type Next = { do: "end" } | { do: "return"; afterMs: number };

export interface Backoff {
  /** The longest pause after the first failure. */
  baseMs: number;
  /** The longest pause ever. */
  capMs: number;
}

/** People wait for half a second without a thought, and for half a minute if they must. */
export const BACKOFF: Backoff = { baseMs: 500, capMs: 30_000 };

/** Longer than any restart asks for: what says more is not believed. */
const LONGEST_RESTART_MS = 60_000;

/** Where a frame of ours was wrong, another will be: it is a fault to be mended, not to be repeated. */
const OUR_FAULT = [1002, 1003, 1007, 1009, 1010];

/**
 * What comes next. `failures` counts the sockets before this one that came to nothing; `wasKnown` says whether this
 * one had taken a token; `random` is of [0, 1).
 */
export function next(
  closed: Closed,
  at: { failures: number; wasKnown: boolean },
  backoff: Backoff,
  random: () => number,
): Next {
  if (OUR_FAULT.includes(closed.code) || closed.code === 4403) return { do: "end" };
  // A token that was good once has run out, and there is another; one that never was will not be.
  if (closed.code === 4401 && !at.wasKnown) return { do: "end" };
  const told = closed.code === 1012 ? retryAfter(closed.reason) : null;
  if (told !== null) return { do: "return", afterMs: told };
  // Whoever was too much is not less after a moment.
  const failures = closed.code === 4429 ? Math.max(at.failures, 5) : at.failures;
  const most = Math.min(backoff.capMs, backoff.baseMs * 2 ** Math.min(failures, 30));
  // Full jitter: those who were cut off together do not come back together.
  return { do: "return", afterMs: Math.floor(random() * most) };
}

/** The pause that a service which starts again asks for, already different for each. */
function retryAfter(reason: string): number | null {
  try {
    const told: unknown = JSON.parse(reason);
    if (typeof told !== "object" || told === null || !("retry_after_ms" in told)) return null;
    const pause = told.retry_after_ms;
    const isPause = typeof pause === "number" && pause >= 0 && pause <= LONGEST_RESTART_MS;
    return isPause ? pause : null;
  } catch {
    return null;
  }
}
