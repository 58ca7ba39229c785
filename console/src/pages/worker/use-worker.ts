import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { api, ok } from "../../api/client";
import { RECHECK_MS } from "../../api/query-client";
import type { Worker } from "../../api/types";
import { serverNow } from "../../format/clock";

const path = (id: string) => ({ path: { worker_id: id } });

/** The record, patched by the stream and read again now and then for what only time changes. */
export function useWorker(id: string) {
  return useQuery({
    queryKey: ["worker", id],
    queryFn: ({ signal }) => ok(api.GET("/api/v1/workers/{worker_id}", { signal, params: path(id) })),
    refetchInterval: RECHECK_MS,
  });
}

/** What hangs on a record is read anew with each of its versions. */
export function useWorkerLabs(worker: Worker) {
  return useQuery({
    queryKey: ["worker", worker.id, "labs", worker.version],
    queryFn: ({ signal }) =>
      ok(api.GET("/api/v1/workers/{worker_id}/labs", { signal, params: { ...path(worker.id), query: { limit: 1000 } } })),
    placeholderData: keepPreviousData,
  });
}

export function useWorkerLicense(worker: Worker) {
  return useQuery({
    queryKey: ["worker", worker.id, "license", worker.version],
    queryFn: ({ signal }) => ok(api.GET("/api/v1/workers/{worker_id}/license", { signal, params: path(worker.id) })),
    placeholderData: keepPreviousData,
  });
}

export function useWorkerEvents(worker: Worker) {
  return useQuery({
    queryKey: ["worker", worker.id, "events", worker.version],
    queryFn: ({ signal }) =>
      ok(api.GET("/api/v1/workers/{worker_id}/events", { signal, params: { ...path(worker.id), query: { limit: 200 } } })),
    placeholderData: keepPreviousData,
  });
}

export function useCertificate(worker: Worker) {
  return useQuery({
    queryKey: ["worker", worker.id, "certificate", worker.version],
    queryFn: ({ signal }) => ok(api.GET("/api/v1/workers/{worker_id}/certificate", { signal, params: path(worker.id) })),
    placeholderData: keepPreviousData,
  });
}

const HOUR_MS = 3_600_000;
export const RANGES = {
  "1h": { label: "1 hour", ms: HOUR_MS, stepSeconds: 60 },
  "6h": { label: "6 hours", ms: 6 * HOUR_MS, stepSeconds: 300 },
  "24h": { label: "24 hours", ms: 24 * HOUR_MS, stepSeconds: 900 },
  "7d": { label: "7 days", ms: 168 * HOUR_MS, stepSeconds: 3600 },
} as const;
export type Range = keyof typeof RANGES;

export function useSamples(id: string, range: Range) {
  const { ms, stepSeconds } = RANGES[range];
  return useQuery({
    queryKey: ["samples", id, range],
    queryFn: ({ signal }) => {
      const to = serverNow();
      const query = { from: new Date(to - ms).toISOString(), to: new Date(to).toISOString(), step: stepSeconds };
      return ok(api.GET("/api/v1/workers/{worker_id}/samples", { signal, params: { ...path(id), query } }));
    },
    placeholderData: keepPreviousData,
    refetchInterval: Math.min(RECHECK_MS, stepSeconds * 1000),
  });
}

/** What one may do with a worker; each answer is taken in at once. */
export function useWorkerActions(id: string) {
  const client = useQueryClient();
  const reread = () => void client.invalidateQueries({ queryKey: ["worker", id] });
  const refresh = useMutation({
    mutationFn: () => ok(api.POST("/api/v1/workers/{worker_id}/refresh", { params: path(id) })),
    onSuccess: ({ worker }) => client.setQueryData<Worker>(["worker", id], worker),
    onSettled: reread,
  });
  const diagnose = useMutation({
    mutationFn: () => ok(api.POST("/api/v1/workers/{worker_id}/diagnose", { params: path(id) })),
  });
  const setCredentials = useMutation({
    mutationFn: (body: { username: string; password: string } | { token: string }) =>
      ok(api.PUT("/api/v1/workers/{worker_id}/credentials", { params: path(id), body })),
    onSuccess: () => refresh.mutate(),
  });
  const deleteCredentials = useMutation({
    mutationFn: () => ok(api.DELETE("/api/v1/workers/{worker_id}/credentials", { params: path(id) })),
    onSuccess: () => refresh.mutate(),
  });
  const accept = useMutation({
    mutationFn: (fingerprint: string) =>
      ok(api.PUT("/api/v1/workers/{worker_id}/certificate", { params: path(id), body: { fingerprint } })),
    onSuccess: () => refresh.mutate(),
  });
  return { refresh, diagnose, setCredentials, deleteCredentials, accept };
}

export type WorkerActions = ReturnType<typeof useWorkerActions>;
