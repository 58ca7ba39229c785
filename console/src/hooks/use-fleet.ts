import { useQuery } from "@tanstack/react-query";

import { api, ok } from "../api/client";
import { RECHECK_MS } from "../api/query-client";
import type { Fleet } from "../api/types";

export const NEEDS_ATTENTION = ["unreachable", "degraded", "unlicensed", "unknown"] as const;

/** The whole fleet in one object; read again whenever the stream says that it changed. */
export function useFleet() {
  return useQuery({
    queryKey: ["fleet"],
    queryFn: ({ signal }) => ok(api.GET("/api/v1/fleet", { signal })),
    refetchInterval: RECHECK_MS,
  });
}

/** How many workers need a person. */
export function attentionCount(fleet: Fleet | undefined): number {
  return NEEDS_ATTENTION.reduce((sum, health) => sum + (fleet?.workers.by_health[health] ?? 0), 0);
}
