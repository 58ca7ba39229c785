import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { createContext, use, useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from "react";

import { sessionEnded } from "../api/client";
import { serverNow } from "../format/clock";
import type { Operation, Worker, WorkerList } from "../api/types";
import { waitBefore } from "./backoff";
import { merge, patchList, patchOperations, patchWorker, type WorkerUpdate } from "./patches";
import { Pause } from "./pause";
import { readStream, Refused, type StreamMessage } from "./read-stream";

const DRAW_EVERY_MS = 200; // many updates at once are one drawing
const FLEET_PAUSE = 9; // times what reading the fleet's sum took

export type Connection =
  | { state: "connecting" | "live" }
  | { state: "lost"; since: number; retryAt: number };

export interface Batch {
  updates: ReadonlyMap<string, WorkerUpdate>;
  removed: ReadonlySet<string>;
}

interface Live {
  connection: Connection;
  retryNow: () => void;
  /** Tells of each batch of changes after it was applied; answers how to stop listening. */
  onBatch: (listener: (batch: Batch) => void) => () => void;
}

const Context = createContext<Live | null>(null);

/** Keeps what is shown in step with the service, for as long as somebody is signed in. */
export function LiveProvider({ enabled, children }: { enabled: boolean; children: ReactNode }) {
  const client = useQueryClient();
  const [connection, setConnection] = useState<Connection>({ state: "connecting" });
  const listeners = useRef(new Set<(batch: Batch) => void>());
  const [pause] = useState(() => new Pause());

  useEffect(() => {
    if (!enabled) return;
    const stop = new AbortController();
    const inbox = new Inbox(client, (batch) => listeners.current.forEach((listener) => listener(batch)));
    void follow({ client, inbox, signal: stop.signal, setConnection, pause });
    window.addEventListener("online", pause.cut);
    return () => {
      window.removeEventListener("online", pause.cut);
      stop.abort();
      inbox.close();
      pause.cut();
    };
  }, [client, enabled, pause]);

  const onBatch = useCallback((listener: (batch: Batch) => void) => {
    listeners.current.add(listener);
    return () => void listeners.current.delete(listener);
  }, []);
  const live = useMemo(() => ({ connection, retryNow: pause.cut, onBatch }), [connection, pause, onBatch]);
  return <Context value={live}>{children}</Context>;
}

export function useLive(): Live {
  const live = use(Context);
  if (live === null) throw new Error("useLive outside of LiveProvider");
  return live;
}

interface Following {
  client: QueryClient;
  inbox: Inbox;
  signal: AbortSignal;
  setConnection: (connection: Connection) => void;
  pause: Pause;
}

async function follow({ client, inbox, signal, setConnection, pause }: Following): Promise<void> {
  let lastEventId: string | null = null;
  let attempt = 0;
  let lostAt: number | null = null;
  let wasOpen = false;
  const isOver = () => signal.aborted;
  while (!isOver()) {
    try {
      await readStream({
        lastEventId,
        signal,
        onOpen: () => {
          // Without a place to resume from, whatever happened meanwhile must be read.
          if (wasOpen && lastEventId === null) void client.invalidateQueries();
          wasOpen = true;
          attempt = 0;
          lostAt = null;
          setConnection({ state: "live" });
        },
        onMessage: (message, id) => {
          lastEventId = id ?? lastEventId;
          inbox.take(message);
        },
      });
    } catch (error) {
      if (error instanceof Refused) {
        sessionEnded();
        return;
      }
    }
    if (isOver()) return;
    lostAt ??= serverNow();
    const wait = waitBefore(attempt);
    attempt += 1;
    setConnection({ state: "lost", since: lostAt, retryAt: serverNow() + wait });
    await pause.wait(wait);
  }
}

/** Gathers what arrives and applies it a few times a second. */
class Inbox {
  private updates = new Map<string, WorkerUpdate>();
  private removed = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | null = null;
  private fleetTimer: ReturnType<typeof setTimeout> | null = null;
  private fleetChangedAgain = false;

  constructor(
    private readonly client: QueryClient,
    private readonly tell: (batch: Batch) => void,
  ) {}

  take({ event, data }: StreamMessage): void {
    if (event === "worker.updated") {
      const update = data as WorkerUpdate;
      this.updates.set(update.id, merge(this.updates.get(update.id), update));
      this.soon();
    } else if (event === "worker.removed") {
      this.removed.add((data as { id: string }).id);
      this.soon();
    } else if (event === "fleet.updated") {
      this.readFleetSoon();
    } else if (event === "operation.updated") {
      const operation = data as Omit<Operation, "items">;
      this.client.setQueryData<Operation[]>(["operations"], (known) => known && patchOperations(known, operation));
      if (operation.finished_at !== null) void this.client.invalidateQueries({ queryKey: ["operations"] });
    } else if (event === "reset") {
      void this.client.invalidateQueries();
    }
  }

  close(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    if (this.fleetTimer !== null) clearTimeout(this.fleetTimer);
  }

  private soon(): void {
    this.timer ??= setTimeout(() => this.apply(), DRAW_EVERY_MS);
  }

  private apply(): void {
    this.timer = null;
    const batch = { updates: this.updates, removed: this.removed };
    this.updates = new Map();
    this.removed = new Set();
    this.client.setQueriesData<WorkerList>({ queryKey: ["workers"] }, (list) => list && patchList(list, batch.updates));
    for (const update of batch.updates.values()) {
      this.client.setQueryData<Worker>(["worker", update.id], (worker) => worker && patchWorker(worker, update));
      // The one that is open: the stream does not know when it is due next.
      void this.client.invalidateQueries({ queryKey: ["worker", update.id], exact: true });
    }
    this.tell(batch);
  }

  /** The sum over the whole fleet costs the service something: never more than a tenth of the time is spent on it. */
  private readFleetSoon(): void {
    if (this.fleetTimer !== null) {
      this.fleetChangedAgain = true;
      return;
    }
    this.fleetTimer = setTimeout(() => void this.readFleet(), DRAW_EVERY_MS);
  }

  private async readFleet(): Promise<void> {
    const begun = Date.now();
    await this.client.invalidateQueries({ queryKey: ["fleet"] });
    this.fleetTimer = setTimeout(
      () => {
        this.fleetTimer = null;
        if (!this.fleetChangedAgain) return;
        this.fleetChangedAgain = false;
        this.readFleetSoon();
      },
      FLEET_PAUSE * (Date.now() - begun),
    );
  }
}
