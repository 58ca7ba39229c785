import { useSyncExternalStore } from "react";

import { serverNow } from "../format/clock";

const TICK_MS = 1_000;
let now = serverNow();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | null = null;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = serverNow();
    for (const each of listeners) each();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0 && timer !== null) {
      clearInterval(timer);
      timer = null;
    }
  };
}

/** The service's time; whoever uses it is drawn anew each second, all on one timer. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}
