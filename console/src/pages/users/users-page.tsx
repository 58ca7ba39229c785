import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";

import { wordsOf } from "../../api/client";
import type { UserRecord } from "../../api/types";
import { limitWords } from "../../components/limit-form";
import { Age, Moment } from "../../components/time";
import { count } from "../../format/figures";
import { useSession } from "../../hooks/use-session";
import { useTitle } from "../../hooks/use-title";
import { useWhyNot } from "../../hooks/use-why-not";
import { DisableModal } from "./disable-modal";
import { PasswordModal } from "./password-modal";
import { UserModal } from "./user-modal";
import { useUsers } from "./use-users";

type Dialog = { what: "add"; user: null } | { what: "edit" | "password" | "disable"; user: UserRecord };

/** Who signs in with a name and a password; those of an OpenID provider are managed there. */
export function UsersPage() {
  useTitle("Users");
  const { me } = useSession();
  const whyNot = useWhyNot("admin", { wholeFleet: true });
  const users = useUsers();
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const isSelf = (user: UserRecord) => me?.kind === "user" && me.name === user.name;
  const open = (next: Dialog) => {
    users.create.reset();
    users.update.reset();
    setDialog(next);
  };
  const close = () => setDialog(null);
  return (
    <ContentLayout header={<Header variant="h1">Users</Header>}>
      <SpaceBetween size="l">
        {users.list.error !== null && <Alert type="error">{wordsOf(users.list.error)}</Alert>}
        <Table
          items={users.list.data?.items ?? []}
          trackBy="id"
          stickyColumns={{ last: 1 }}
          loading={users.list.isPending}
          loadingText="Reading the users"
          ariaLabels={{ tableLabel: "Users" }}
          header={
            <Header
              variant="h2"
              counter={users.list.data && `(${count(users.list.data.total)})`}
              description="They sign in with a name and a password. Who comes by OpenID has a role from there."
              actions={
                <Button
                  variant="primary"
                  onClick={() => open({ what: "add", user: null })}
                  disabled={whyNot !== null}
                  disabledReason={whyNot ?? undefined}
                >
                  Add a user
                </Button>
              }
            >
              Users
            </Header>
          }
          columnDefinitions={[
            { id: "name", header: "Name", cell: (user) => <span className="long">{user.name}</span>, isRowHeader: true },
            { id: "role", header: "Role", cell: (user) => user.role },
            { id: "limit", header: "Sees", cell: (user) => limitWords(user.limit) },
            {
              id: "state",
              header: "May sign in",
              cell: ({ disabled }) => (
                <StatusIndicator type={disabled ? "stopped" : "success"}>{disabled ? "disabled" : "yes"}</StatusIndicator>
              ),
            },
            {
              id: "signed-in",
              header: "Last sign-in",
              cell: (user) => (user.last_signed_in_at === null ? "never" : <Age at={user.last_signed_in_at} />),
            },
            { id: "created", header: "Added", cell: (user) => <Moment at={user.created_at} /> },
            {
              id: "actions",
              header: "Actions",
              cell: (user) => (
                <ButtonDropdown
                  variant="inline-icon"
                  expandToViewport
                  ariaLabel={`Actions on ${user.name}`}
                  disabled={whyNot !== null}
                  items={[
                    { id: "edit", text: "Change role and limit" },
                    { id: "password", text: "Set a new password" },
                    {
                      id: "disable",
                      text: user.disabled ? "Let in again" : "Disable",
                      disabled: isSelf(user),
                      disabledReason: "This is you",
                    },
                  ]}
                  onItemClick={({ detail }) => open({ what: detail.id as "edit" | "password" | "disable", user })}
                />
              ),
            },
          ]}
          empty="Nobody yet: who is signed in came by a token or by OpenID"
        />
      </SpaceBetween>
      {dialog?.what === "add" && <UserModal user={null} isSelf={false} users={users} onClose={close} />}
      {dialog?.what === "edit" && (
        <UserModal user={dialog.user} isSelf={isSelf(dialog.user)} users={users} onClose={close} />
      )}
      {dialog?.what === "password" && <PasswordModal user={dialog.user} users={users} onClose={close} />}
      {dialog?.what === "disable" && <DisableModal user={dialog.user} users={users} onClose={close} />}
    </ContentLayout>
  );
}
