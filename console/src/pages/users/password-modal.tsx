import { useState } from "react";

import type { UserRecord } from "../../api/types";
import { ActionModal } from "../../components/action-modal";
import { NewPassword, problemWithPassword } from "../../components/new-password";
import type { useUsers } from "./use-users";

interface Props {
  user: UserRecord;
  users: ReturnType<typeof useUsers>;
  onClose: () => void;
}

export function PasswordModal({ user, users: { update }, onClose }: Props) {
  const [password, setPassword] = useState("");
  return (
    <ActionModal
      header={`A new password for ${user.name}`}
      action="Set it"
      busy={update.isPending}
      error={update.error}
      whyNot={problemWithPassword(password)}
      onAction={() => update.mutate({ id: user.id, change: { password } }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <div>Every session of {user.name} ends. Nothing is sent: tell the password yourself.</div>
      <NewPassword password={password} onChange={setPassword} />
    </ActionModal>
  );
}
