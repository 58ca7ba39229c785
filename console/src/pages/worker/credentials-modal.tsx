import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";

import { wordsOf } from "../../api/client";
import type { Worker } from "../../api/types";
import type { WorkerActions } from "./use-worker";

interface Props {
  worker: Worker;
  actions: WorkerActions;
  onClose: () => void;
}

export function CredentialsModal({ worker, actions, onClose }: Props) {
  const { setCredentials, deleteCredentials } = actions;
  const [username, setUsername] = useState("admin");
  const [password, setPassword] = useState("");
  const error = setCredentials.error ?? deleteCredentials.error;
  const close = () => {
    setCredentials.reset();
    deleteCredentials.reset();
    onClose();
  };
  return (
    <Modal
      visible
      onDismiss={close}
      closeAriaLabel="Close"
      header={`CML credentials of ${worker.name}`}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={close}>
              Cancel
            </Button>
            <Button
              loading={deleteCredentials.isPending}
              onClick={() => deleteCredentials.mutate(undefined, { onSuccess: close })}
            >
              Use the fleet's
            </Button>
            <Button
              variant="primary"
              loading={setCredentials.isPending}
              disabled={username === "" || password === ""}
              disabledReason="Both are needed"
              onClick={() => setCredentials.mutate({ username, password }, { onSuccess: close })}
            >
              Set and refresh
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <Box>They are stored encrypted and can never be read back. An account of a CML administrator sees all labs.</Box>
        {error !== null && <Alert type="error">{wordsOf(error)}</Alert>}
        <FormField label="User name">
          <Input value={username} onChange={({ detail }) => setUsername(detail.value)} autoComplete="off" />
        </FormField>
        <FormField label="Password">
          <Input
            value={password}
            onChange={({ detail }) => setPassword(detail.value)}
            type="password"
            autoComplete="new-password"
          />
        </FormField>
      </SpaceBetween>
    </Modal>
  );
}
