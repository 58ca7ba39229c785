import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";

import { wordsOf } from "../api/client";

interface Props {
  header: string;
  action: string;
  busy: boolean;
  error: unknown;
  /** Why the action is not to be had yet. */
  whyNot?: string | null;
  onAction: () => void;
  onClose: () => void;
  children: ReactNode;
}

/** A dialog that asks one thing: done, or left alone. What failed is told in it, beside what was typed. */
export function ActionModal({ header, action, busy, error, whyNot = null, onAction, onClose, children }: Props) {
  return (
    <Modal
      visible
      header={header}
      closeAriaLabel="Close"
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              Cancel
            </Button>
            <Button
              variant="primary"
              loading={busy}
              disabled={whyNot !== null}
              disabledReason={whyNot ?? undefined}
              onClick={onAction}
            >
              {action}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        {error !== null && error !== undefined && <Alert type="error">{wordsOf(error)}</Alert>}
        {children}
      </SpaceBetween>
    </Modal>
  );
}
