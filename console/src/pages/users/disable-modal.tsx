import type { UserRecord } from "../../api/types";
import { ActionModal } from "../../components/action-modal";
import type { useUsers } from "./use-users";

interface Props {
  user: UserRecord;
  users: ReturnType<typeof useUsers>;
  onClose: () => void;
}

/** Users are never removed: what they did stays under their name. */
export function DisableModal({ user, users: { update }, onClose }: Props) {
  const action = user.disabled ? "Let in again" : "Disable";
  return (
    <ActionModal
      header={`${action}: ${user.name}?`}
      action={action}
      busy={update.isPending}
      error={update.error}
      onAction={() => update.mutate({ id: user.id, change: { disabled: !user.disabled } }, { onSuccess: onClose })}
      onClose={onClose}
    >
      {user.disabled
        ? "Role, limit and password are as they were."
        : "Every session ends at once, and no new one begins. Tokens that they made go on: revoke those under Settings."}
    </ActionModal>
  );
}
