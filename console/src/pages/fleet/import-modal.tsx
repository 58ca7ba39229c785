import Alert from "@cloudscape-design/components/alert";
import AttributeEditor from "@cloudscape-design/components/attribute-editor";
import Autosuggest from "@cloudscape-design/components/autosuggest";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import { useState } from "react";

import { wordsOf } from "../../api/client";
import type { Fleet } from "../../api/types";
import { counted } from "../../format/figures";
import { ImportPreview } from "./import-preview";
import { importBody, type ImportForm } from "./import-form";
import { useImport } from "./use-import";

interface Props {
  fleet: Fleet | undefined;
  onClose: () => void;
}

/** Says what would be adopted before it is. */
export function ImportModal({ fleet, onClose }: Props) {
  const regions = [...new Set(fleet?.regions.map((region) => region.region) ?? [])];
  const [form, setForm] = useState<ImportForm>({
    region: regions.length === 1 ? (regions[0] ?? "") : "",
    by: "tags",
    ids: "",
    tags: [{ key: "cmlfleet:managed", value: "true" }],
  });
  const { preview, adopt } = useImport(onClose);
  const change = (part: Partial<ImportForm>) => {
    setForm({ ...form, ...part });
    preview.reset();
    adopt.reset();
  };
  const { body, problem } = importBody(form);
  const found = preview.data;
  const error = preview.error ?? adopt.error;
  return (
    <Modal
      visible
      size="large"
      onDismiss={onClose}
      closeAriaLabel="Close"
      header="Import workers"
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              Cancel
            </Button>
            <Button onClick={() => body && preview.mutate(body)} loading={preview.isPending} disabled={body === null}>
              Preview
            </Button>
            <Button
              variant="primary"
              onClick={() => body && adopt.mutate(body)}
              loading={adopt.isPending}
              disabled={body === null || found === undefined || found.imported.length === 0}
              disabledReason={found === undefined ? "Preview first" : "There is nothing to import"}
            >
              {found === undefined ? "Import" : `Import ${counted(found.imported.length, "worker")}`}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <FormField label="Region">
          <Autosuggest
            value={form.region}
            options={regions.map((region) => ({ value: region }))}
            onChange={({ detail }) => change({ region: detail.value })}
            enteredTextLabel={(value) => `Use ${value}`}
            placeholder="us-east-1"
            ariaLabel="Region"
          />
        </FormField>
        <SegmentedControl
          label="Which instances"
          selectedId={form.by}
          onChange={({ detail }) => change({ by: detail.selectedId === "ids" ? "ids" : "tags" })}
          options={[
            { id: "tags", text: "By tags" },
            { id: "ids", text: "By instance ids" },
          ]}
        />
        {form.by === "ids" ? (
          <FormField label="Instance ids" description="Separated by commas, spaces or lines.">
            <Textarea
              value={form.ids}
              onChange={({ detail }) => change({ ids: detail.value })}
              placeholder="i-0123456789abcdef0"
              rows={4}
            />
          </FormField>
        ) : (
          <AttributeEditor
            items={form.tags}
            addButtonText="Add a tag"
            removeButtonText="Remove"
            empty="Name a tag that the instances have."
            onAddButtonClick={() => change({ tags: [...form.tags, { key: "", value: "" }] })}
            onRemoveButtonClick={({ detail }) =>
              change({ tags: form.tags.filter((_, index) => index !== detail.itemIndex) })
            }
            definition={(["key", "value"] as const).map((part) => ({
              label: part === "key" ? "Tag" : "Value",
              control: (tag: ImportForm["tags"][number], index: number) => (
                <Input
                  value={tag[part]}
                  onChange={({ detail }) =>
                    change({
                      tags: form.tags.map((each, at) => (at === index ? { ...each, [part]: detail.value } : each)),
                    })
                  }
                />
              ),
            }))}
          />
        )}
        {problem !== null && form.region !== "" && <Box color="text-body-secondary">{problem}</Box>}
        {error !== null && <Alert type="error">{wordsOf(error)}</Alert>}
        {found !== undefined && <ImportPreview result={found} />}
      </SpaceBetween>
    </Modal>
  );
}
