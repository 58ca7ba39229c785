import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef } from "react";

import type { FleetPageState } from "./use-fleet-state";
import { workersQuery } from "./use-workers";

const PATIENCE_MS = 1_000; // the address follows even when no answer comes

/** Asks for what is typed at once, and draws the page anew when its rows are there: once, not before and after. */
export function useSearch({ state, preferences, change }: FleetPageState): (q: string) => void {
  const client = useQueryClient();
  const page = useRef({ state, size: preferences.size, change });
  const asked = useRef<AbortController | null>(null);
  useEffect(() => {
    page.current = { state, size: preferences.size, change };
  }, [state, preferences.size, change]);
  useEffect(
    () => () => {
      asked.current?.abort();
      asked.current = null;
    },
    [],
  );

  return useCallback(
    (q) => {
      asked.current?.abort();
      const asking = (asked.current = new AbortController());
      const query = workersQuery({ ...page.current.state, q, page: 1 }, page.current.size);
      const show = () => {
        if (asked.current !== asking) return; // shown already, or something else was typed
        asked.current = null;
        clearTimeout(patience);
        page.current.change({ q });
      };
      const patience = setTimeout(show, PATIENCE_MS);
      asking.signal.addEventListener("abort", () => {
        clearTimeout(patience);
        void client.cancelQueries({ queryKey: query.queryKey, exact: true });
      });
      void client.query(query).then(show, show); // what failed is asked for again by who shows it
    },
    [client],
  );
}
