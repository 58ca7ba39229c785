import { useLive } from "../live/live-provider";
import { useSession, type Role } from "./use-session";

/** Why an action is not to be had now, or null. What would be refused is never offered. */
export function useWhyNot(role: Role, { wholeFleet = false }: { wholeFleet?: boolean } = {}): string | null {
  const { may, me } = useSession();
  const { connection } = useLive();
  if (!may(role)) return `This needs the role ${role}; yours is ${me?.role ?? "unknown"}`;
  if (wholeFleet && me?.limit != null) return "Your token is limited to some workers; this is about the whole fleet";
  if (connection.state === "lost") return "The service does not answer";
  return null;
}
