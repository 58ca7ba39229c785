// Whoever comes back from the OpenID provider without having been signed in is told why, once, by a cookie.
import { useEffect, useState } from "react";

const COOKIE = "cmlfleet_refused";

/** What the service said, or null. */
export function refusalIn(cookies: string): string | null {
  const value = cookies
    .split("; ")
    .find((cookie) => cookie.startsWith(`${COOKIE}=`))
    ?.slice(COOKIE.length + 1)
    .replace(/^"(.*)"$/, "$1");
  if (value === undefined) return null;
  try {
    return decodeURIComponent(value);
  } catch {
    return null;
  }
}

export function useRefusal(): string | null {
  const [refusal] = useState(() => refusalIn(document.cookie));
  useEffect(() => {
    document.cookie = `${COOKIE}=; path=/; max-age=0`;
  }, []);
  return refusal;
}
