import { useMutation, useQuery, useQueryClient, type Query } from "@tanstack/react-query";
import { createContext, use, useCallback, useEffect, useEffectEvent, useState, type ReactNode } from "react";

import { api, ApiError, ok, onSessionEnded } from "../api/client";
import type { Me } from "../api/types";
import { tellSignedIn, whenSignedInElsewhere } from "./session-channel";

export type Role = "viewer" | "operator" | "admin";
const RANK: Record<string, number> = { viewer: 0, operator: 1, admin: 2 };

export type Credentials = { token: string } | { username: string; password: string };

export interface Session {
  /** `ended`: somebody was signed in on this page, and what they typed is still on it. */
  state: "asking" | "signed-out" | "signed-in" | "ended" | "unreachable";
  me: Me | null;
  may: (role: Role) => boolean;
  signIn: (credentials: Credentials) => Promise<void>;
  signOut: (from?: "here" | "everywhere") => Promise<void>;
}

const Context = createContext<Session | null>(null);
const ME = ["me"] as const;
const ASK_AGAIN_MS = 2_000; // a service that starts takes seconds

const whoAmI = () => ok(api.GET("/api/v1/me"));
const isNotMe = (query: Query) => query.queryKey[0] !== ME[0];

export function SessionProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [ended, setEnded] = useState(false);
  const me = useQuery({
    queryKey: ME,
    queryFn: async () => {
      const who = await whoAmI();
      tellSignedIn();
      return who;
    },
    staleTime: Infinity,
    refetchInterval: ({ state }) => (state.error !== null && !isRefusal(state.error) ? ASK_AGAIN_MS : false),
  });
  const enter = useCallback(
    async (who: Me) => {
      const before = client.getQueryData<Me>(ME);
      client.setQueryData(ME, who);
      setEnded(false);
      if (isSame(before, who)) await client.invalidateQueries({ predicate: isNotMe });
      else await client.resetQueries({ predicate: isNotMe });
    },
    [client],
  );
  const entering = useMutation({
    mutationFn: (body: Credentials) => ok(api.POST("/api/v1/session", { body })),
    onSuccess: async (who) => {
      tellSignedIn();
      await enter(who);
    },
  });
  const leaving = useMutation({
    mutationFn: async (from: "here" | "everywhere") => {
      const { response } = await api.DELETE(from === "here" ? "/api/v1/session" : "/api/v1/session/everywhere");
      return response.headers.get("Location"); // of the OpenID provider, which keeps a session of its own
    },
    // Nothing of what was shown stays in memory.
    onSettled: (elsewhere) => window.location.assign(elsewhere ?? "/"),
  });
  useEffect(() => onSessionEnded(() => setEnded(true)), []);

  // One browser has one session: who signs in in another window is signed in here too, in place of whoever was.
  const askAgain = useEffectEvent(async () => {
    const who = await whoAmI();
    if (ended || !isSame(me.data, who)) await enter(who);
  });
  useEffect(() => whenSignedInElsewhere(() => void askAgain().catch(() => undefined)), []);

  const rank = RANK[me.data?.role ?? ""] ?? -1;
  const session: Session = {
    state: stateOf(me.data, me.error, ended),
    me: me.data ?? null,
    may: (role) => rank >= (RANK[role] ?? Infinity),
    signIn: async (credentials) => {
      await entering.mutateAsync(credentials);
    },
    signOut: async (from = "here") => {
      await leaving.mutateAsync(from);
    },
  };
  return <Context value={session}>{children}</Context>;
}

function isSame(before: Me | undefined, after: Me): boolean {
  return JSON.stringify(before) === JSON.stringify(after);
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
