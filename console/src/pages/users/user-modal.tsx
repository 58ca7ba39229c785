import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";

import type { UserRecord } from "../../api/types";
import { ActionModal } from "../../components/action-modal";
import { LimitFields } from "../../components/limit-fields";
import { limitForm, limitOf, problemWithLimit } from "../../components/limit-form";
import { NewPassword, problemWithPassword } from "../../components/new-password";
import { RoleField } from "../../components/role-field";
import type { useUsers } from "./use-users";

interface Props {
  /** Null: somebody new. */
  user: UserRecord | null;
  isSelf: boolean;
  users: ReturnType<typeof useUsers>;
  onClose: () => void;
}

export function UserModal({ user, isSelf, users: { create, update }, onClose }: Props) {
  const [name, setName] = useState("");
  const [role, setRole] = useState(user?.role ?? "viewer");
  const [limit, setLimit] = useState(() => limitForm(user?.limit ?? null));
  const [password, setPassword] = useState("");
  const ofNew = name.trim() === "" ? "It needs a name" : problemWithPassword(password);
  const whyNot = problemWithLimit(limit) ?? (user === null ? ofNew : null);
  const save = () => {
    const chosen = { role, limit: limitOf(limit) };
    if (user === null) create.mutate({ ...chosen, name: name.trim(), password }, { onSuccess: onClose });
    else update.mutate({ id: user.id, change: chosen }, { onSuccess: onClose });
  };
  return (
    <ActionModal
      header={user === null ? "Add a user" : `Role and limit of ${user.name}`}
      action={user === null ? "Add" : "Save"}
      busy={create.isPending || update.isPending}
      error={create.error ?? update.error}
      whyNot={whyNot}
      onAction={save}
      onClose={onClose}
    >
      {user === null && (
        <SpaceBetween size="m">
          <FormField label="Name">
            <Input value={name} onChange={({ detail }) => setName(detail.value)} autoComplete="off" />
          </FormField>
          <NewPassword password={password} onChange={setPassword} />
        </SpaceBetween>
      )}
      <RoleField role={role} onChange={setRole} whyNot={isSelf ? "Another administrator changes yours." : null} />
      <LimitFields form={limit} onChange={setLimit} />
    </ActionModal>
  );
}
