import { useQuery } from "@tanstack/react-query";

import { api, ok } from "../api/client";
import { RECHECK_MS } from "../api/query-client";

/** Long work that runs and ran, the newest first. */
export function useOperations() {
  return useQuery({
    queryKey: ["operations"],
    queryFn: async ({ signal }) => {
      const list = await ok(api.GET("/api/v1/operations", { signal, params: { query: { limit: 100 } } }));
      return list.items;
    },
    refetchInterval: RECHECK_MS,
  });
}
