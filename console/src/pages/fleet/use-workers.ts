import { keepPreviousData, queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useState } from "react";

import { api, ok } from "../../api/client";
import { RECHECK_MS } from "../../api/query-client";
import { serverNow } from "../../format/clock";
import { mayMove } from "../../live/patches";
import { useLive } from "../../live/live-provider";
import { apiQuery, decisiveFields, type FleetState } from "./fleet-url";

const SETTLE_MS = 2_000; // a burst of changes is one new order

/** One page of workers, as the service has it. */
export function workersQuery(state: FleetState, size: number) {
  return queryOptions({
    queryKey: ["workers", state, size] as const,
    queryFn: ({ signal }) =>
      ok(
        api.GET("/api/v1/workers", {
          signal,
          params: { query: {} },
          querySerializer: () => apiQuery(state, size, serverNow()),
        }),
      ),
  });
}

/** One page of workers as the service filters and sorts them, patched in place by the stream.
 *
 * `isMoved`: what the stream told may change the order; `reorder` asks for it. `isHeld` says that somebody points at the
 * rows, which then stay where they are.
 */
export function useWorkers(state: FleetState, size: number, isHeld: boolean) {
  const client = useQueryClient();
  const { onBatch } = useLive();
  const [isMoved, setMoved] = useState(false);
  const query = useMemo(() => workersQuery(state, size), [state, size]);
  const list = useQuery({
    ...query,
    placeholderData: keepPreviousData,
    refetchInterval: isHeld ? false : RECHECK_MS,
  });

  useEffect(() => {
    const fields = decisiveFields(state);
    return onBatch(({ updates, removed }) => {
      if (removed.size > 0 || [...updates.values()].some((update) => mayMove(update, fields))) setMoved(true);
    });
  }, [onBatch, state]);

  const reorder = useCallback(() => {
    setMoved(false);
    void client.invalidateQueries({ queryKey: query.queryKey });
  }, [client, query]);

  useEffect(() => {
    if (!isMoved || isHeld) return;
    const timer = setTimeout(reorder, SETTLE_MS);
    return () => clearTimeout(timer);
  }, [isMoved, isHeld, reorder]);

  return { list, isMoved, reorder };
}
