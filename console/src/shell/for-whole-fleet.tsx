import Alert from "@cloudscape-design/components/alert";
import { Outlet } from "react-router-dom";

import { useSession, type Role } from "../hooks/use-session";

/** A link to a page that would be refused says what it needs. */
export function ForWholeFleet({ role }: { role: Role }) {
  const { may, me } = useSession();
  if (may(role) && me?.limit == null) return <Outlet />;
  return (
    <Alert type="info" header={`This page is for ${role === "admin" ? "administrators of" : "whoever sees"} the whole fleet`}>
      It needs the role {role}; you are signed in as {me?.name} with the role {me?.role}
      {me?.limit == null ? "" : ", limited to a part of the fleet"}.
    </Alert>
  );
}
