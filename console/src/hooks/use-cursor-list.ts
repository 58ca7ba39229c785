import { useInfiniteQuery, type QueryKey } from "@tanstack/react-query";
import { useMemo } from "react";

import { RECHECK_MS } from "../api/query-client";

interface Page {
  items: unknown[];
  next_cursor: string | null;
  total: number;
}

/** A list that goes on as long as somebody asks for more; what is new shows at its next reading. */
export function useCursorList<P extends Page>(
  queryKey: QueryKey,
  read: (cursor: string | undefined, signal: AbortSignal) => Promise<P>,
) {
  const query = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam, signal }) => read(pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: RECHECK_MS,
  });
  const items = useMemo<P["items"]>(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data]);
  return { ...query, items, total: query.data?.pages[0]?.total };
}
