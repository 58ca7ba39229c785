import { QueryClient } from "@tanstack/react-query";

import { ApiError } from "./client";

const RETRIES = 2;
export const RECHECK_MS = 60_000; // the stream tells of changes; what only time changes is asked for now and then

function mayPass(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || error.status >= 500);
}

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (failures, error) => failures < RETRIES && mayPass(error),
      networkMode: "always",
      staleTime: 5_000,
      refetchOnWindowFocus: false,
    },
    mutations: { networkMode: "always", retry: false },
  },
});
