import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, use, useEffect, useState, type ReactNode } from "react";

import { api, ApiError, ok, onSessionEnded } from "../api/client";
import type { Me } from "../api/types";

export type Role = "viewer" | "operator" | "admin";
const RANK: Record<string, number> = { viewer: 0, operator: 1, admin: 2 };

export interface Session {
  /** `ended`: somebody was signed in on this page, and what they typed is still on it. */
  state: "asking" | "signed-out" | "signed-in" | "ended" | "unreachable";
  me: Me | null;
  may: (role: Role) => boolean;
  signIn: (token: string) => Promise<void>;
  signOut: () => Promise<void>;
}

const Context = createContext<Session | null>(null);
const ME = ["me"] as const;
const ASK_AGAIN_MS = 2_000; // a service that starts takes seconds

export function SessionProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [ended, setEnded] = useState(false);
  const me = useQuery({
    queryKey: ME,
    queryFn: () => ok(api.GET("/api/v1/me")),
    staleTime: Infinity,
    refetchInterval: ({ state }) => (state.error !== null && !isRefusal(state.error) ? ASK_AGAIN_MS : false),
  });
  const entering = useMutation({
    mutationFn: (token: string) => ok(api.POST("/api/v1/session", { body: { token } })),
    onSuccess: async (who) => {
      const sameperson = me.data?.name === who.name && me.data.role === who.role;
      client.setQueryData(ME, who);
      setEnded(false);
      if (sameperson) await client.invalidateQueries();
      else await client.resetQueries({ predicate: (query) => query.queryKey[0] !== ME[0] });
    },
  });
  const leaving = useMutation({
    mutationFn: () => ok(api.DELETE("/api/v1/session")),
    onSettled: () => window.location.assign("/"), // nothing of what was shown stays in memory
  });
  useEffect(() => onSessionEnded(() => setEnded(true)), []);

  const state = stateOf(me.data, me.error, ended);
  const rank = RANK[me.data?.role ?? ""] ?? -1;
  const session: Session = {
    state,
    me: me.data ?? null,
    may: (role) => rank >= (RANK[role] ?? Infinity),
    signIn: async (token) => {
      await entering.mutateAsync(token);
    },
    signOut: async () => leaving.mutateAsync(),
  };
  return <Context value={session}>{children}</Context>;
}

function isRefusal(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401;
}

function stateOf(me: Me | undefined, error: unknown, ended: boolean): Session["state"] {
  if (me !== undefined) return ended ? "ended" : "signed-in";
  if (error === null) return "asking";
  return isRefusal(error) ? "signed-out" : "unreachable";
}

export function useSession(): Session {
  const session = use(Context);
  if (session === null) throw new Error("useSession outside of SessionProvider");
  return session;
}
