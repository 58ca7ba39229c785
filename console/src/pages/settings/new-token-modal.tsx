import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import Select from "@cloudscape-design/components/select";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { api, ok } from "../../api/client";
import { ActionModal } from "../../components/action-modal";
import { LimitFields } from "../../components/limit-fields";
import { limitOf, NO_LIMIT, problemWithLimit } from "../../components/limit-form";
import { RoleField } from "../../components/role-field";
import { serverNow } from "../../format/clock";

const DAY_MS = 86_400_000;
const NEVER = { value: "", label: "never" };
const LIVES = [1, 30, 90, 365].map((days) => ({ value: String(days), label: days === 1 ? "in a day" : `in ${days} days` }));

export function NewTokenModal({ onMade, onClose }: { onMade: () => void; onClose: () => void }) {
  const [name, setName] = useState("");
  const [role, setRole] = useState("viewer");
  const [limit, setLimit] = useState(NO_LIMIT);
  const [days, setDays] = useState("");
  const make = useMutation({
    mutationFn: () =>
      ok(
        api.POST("/api/v1/tokens", {
          body: {
            name: name.trim(),
            role,
            limit: limitOf(limit),
            expires_at: days === "" ? null : new Date(serverNow() + Number(days) * DAY_MS).toISOString(),
          },
        }),
      ),
    onSuccess: onMade,
  });
  if (make.data !== undefined) {
    return (
      <Modal
        visible
        header="Create a token"
        closeAriaLabel="Close"
        onDismiss={onClose}
        footer={
          <Box float="right">
            <Button variant="primary" onClick={onClose}>
              Done
            </Button>
          </Box>
        }
      >
        <Alert type="success" header="It is shown this once">
          <CopyToClipboard
            variant="inline"
            textToCopy={make.data.token}
            copyButtonAriaLabel="Copy the token"
            copySuccessText="Copied"
            copyErrorText="Not copied"
          />
        </Alert>
      </Modal>
    );
  }
  return (
    <ActionModal
      header="Create a token"
      action="Create"
      busy={make.isPending}
      error={make.error}
      whyNot={name.trim() === "" ? "It needs a name" : problemWithLimit(limit)}
      onAction={() => make.mutate()}
      onClose={onClose}
    >
      <FormField label="Name" description="Shown with everything that is done with it.">
        <Input value={name} onChange={({ detail }) => setName(detail.value)} />
      </FormField>
      <RoleField role={role} onChange={setRole} />
      <FormField label="Expires">
        <Select
          selectedOption={[NEVER, ...LIVES].find(({ value }) => value === days) ?? NEVER}
          options={[NEVER, ...LIVES]}
          onChange={({ detail }) => setDays(detail.selectedOption.value ?? "")}
        />
      </FormField>
      <LimitFields form={limit} onChange={setLimit} />
    </ActionModal>
  );
}
