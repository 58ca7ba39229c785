import Alert from "@cloudscape-design/components/alert";
import AttributeEditor from "@cloudscape-design/components/attribute-editor";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";

import type { Worker } from "../../api/types";
import { counted } from "../../format/figures";
import { commonLabels, labelChanges, problemWithKey, type LabelRow } from "./label-changes";
import { ChangedMeanwhile } from "./relabel";
import type { Labelling } from "./use-bulk";

interface Props {
  workers: readonly Worker[];
  busy: boolean;
  error: unknown;
  onSave: (labelling: Labelling) => void;
  onClose: () => void;
}

export function LabelsModal({ workers, busy, error, onSave, onClose }: Props) {
  const [read] = useState(workers);
  const [before] = useState(() => commonLabels(read));
  const isLate = error instanceof ChangedMeanwhile;
  const [rows, setRows] = useState(before);
  const [tried, setTried] = useState(false);
  const change = (index: number, part: Partial<LabelRow>) =>
    setRows(rows.map((row, each) => (each === index ? { ...row, ...part } : row)));
  const save = () => {
    setTried(true);
    if (rows.every((row) => problemWithKey(row.key, rows) === null)) {
      onSave({ workers: read, changes: labelChanges(before, rows), overwrites: isLate });
    }
  };
  return (
    <Modal
      visible
      onDismiss={onClose}
      closeAriaLabel="Close"
      header={workers.length === 1 ? `Labels of ${workers[0]?.name ?? ""}` : `Labels of ${counted(workers.length, "worker")}`}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              Cancel
            </Button>
            <Button variant="primary" onClick={save} loading={busy}>
              {isLate ? "Save over it" : "Save labels"}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      {isLate && (
        <Box margin={{ bottom: "m" }}>
          <Alert type="warning">{error.message} What you typed is still here.</Alert>
        </Box>
      )}
      <AttributeEditor
        items={rows}
        addButtonText="Add a label"
        removeButtonText="Remove"
        empty="No labels yet."
        onAddButtonClick={() => setRows([...rows, { key: "", value: "", differs: false }])}
        onRemoveButtonClick={({ detail }) => setRows(rows.filter((_, index) => index !== detail.itemIndex))}
        definition={[
          {
            label: "Key",
            control: (row, index) => (
              <Input value={row.key} onChange={({ detail }) => change(index, { key: detail.value })} placeholder="team" />
            ),
            errorText: (row) => (tried ? problemWithKey(row.key, rows) : null),
          },
          {
            label: "Value",
            control: (row, index) => (
              <Input
                value={row.value}
                onChange={({ detail }) => change(index, { value: detail.value })}
                placeholder={row.differs ? "they differ: left as they are" : "blue"}
              />
            ),
          },
        ]}
      />
    </Modal>
  );
}
