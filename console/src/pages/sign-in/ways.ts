import { ApiError, wordsOf } from "../../api/client";
import type { SignInOptions } from "../../api/types";
import { problemWithPassword } from "../../components/new-password";

export type Way = "password" | "token" | "set-up";

export interface Typed {
  token: string;
  code: string;
  username: string;
  password: string;
}

export const WORDS: Record<Way, { action: string; choose: string; refused: string }> = {
  password: {
    action: "Sign in",
    choose: "Sign in with a name and a password",
    refused: "The name or the password is not right, or this user may not sign in any more.",
  },
  token: {
    action: "Sign in",
    choose: "Sign in with an API token",
    refused: "This token is not known, was revoked or has expired.",
  },
  "set-up": {
    action: "Make the first administrator",
    choose: "Make the first administrator",
    refused: "This is not the set-up code: the one that the service printed when it last started holds.",
  },
};

/** What the service takes; a token always, for whoever has one. */
export function waysOf(options: SignInOptions | undefined): Way[] {
  if (options === undefined) return [];
  return [...(options.set_up ? ["set-up" as const] : []), ...(options.password ? ["password" as const] : []), "token"];
}

/** Null where the OpenID provider is the way, until somebody chooses another. */
export function usualWay(options: SignInOptions | undefined): Way | null {
  const [first = null] = waysOf(options);
  return first === "token" && options?.openid === true ? null : first;
}

/** What is still to be typed before it is worth asking. */
export function missing(way: Way, typed: Typed): string | null {
  if (way === "token") return typed.token.trim() === "" ? "Paste an API token." : null;
  if (way === "set-up" && typed.code.trim() === "") return "Type the set-up code.";
  if (typed.username.trim() === "") return "Type a user name.";
  if (typed.password === "") return "Type a password.";
  return way === "set-up" ? problemWithPassword(typed.password) : null;
}

export function refusalWords(way: Way, error: unknown): string {
  if (error instanceof ApiError && error.status === 401) return WORDS[way].refused;
  return `Not signed in: ${wordsOf(error)}`;
}
