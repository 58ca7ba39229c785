import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { api, ApiError, ok, sessionEnded } from "../../api/client";
import { ActionModal } from "../../components/action-modal";
import { NewPassword, problemWithPassword } from "../../components/new-password";

/** One's own; it ends every session, this one too, so that the page asks for the new one at once. */
export function ChangePasswordModal({ onClose }: { onClose: () => void }) {
  const [present, setPresent] = useState("");
  const [password, setPassword] = useState("");
  const change = useMutation({
    mutationFn: () => ok(api.PUT("/api/v1/session/password", { body: { present, new: password } })),
    onSuccess: () => {
      onClose();
      sessionEnded();
    },
  });
  const isWrong = change.error instanceof ApiError && change.error.status === 401;
  return (
    <ActionModal
      header="Change your password"
      action="Change it"
      busy={change.isPending}
      error={isWrong ? "Your present password is another one." : change.error}
      whyNot={present === "" ? "Type your present password" : problemWithPassword(password)}
      onAction={() => change.mutate()}
      onClose={onClose}
    >
      <div>You sign in with it anew, here and wherever else you are signed in.</div>
      <FormField label="Present password">
        <Input
          value={present}
          onChange={({ detail }) => setPresent(detail.value)}
          type="password"
          autoComplete="current-password"
        />
      </FormField>
      <NewPassword label="New password" password={password} onChange={setPassword} />
    </ActionModal>
  );
}
