import AttributeEditor from "@cloudscape-design/components/attribute-editor";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";

import type { LimitForm } from "./limit-form";

interface Props {
  form: LimitForm;
  onChange: (form: LimitForm) => void;
}

/** Which part of the fleet somebody sees and acts on; nothing named is all of it. */
export function LimitFields({ form, onChange }: Props) {
  const change = (at: number, part: Partial<LimitForm["labels"][number]>) =>
    onChange({ ...form, labels: form.labels.map((row, index) => (index === at ? { ...row, ...part } : row)) });
  return (
    <SpaceBetween size="m">
      <FormField
        label="Only workers with these labels"
        description="Several values of one key are alternatives. No label: whatever they carry."
        stretch
      >
        <AttributeEditor
          items={form.labels}
          addButtonText="Add a label"
          removeButtonText="Remove"
          empty="Workers with any labels."
          onAddButtonClick={() => onChange({ ...form, labels: [...form.labels, { key: "", value: "" }] })}
          onRemoveButtonClick={({ detail }) =>
            onChange({ ...form, labels: form.labels.filter((_, index) => index !== detail.itemIndex) })
          }
          definition={[
            {
              label: "Key",
              control: (row, index) => (
                <Input value={row.key} onChange={({ detail }) => change(index, { key: detail.value })} placeholder="team" />
              ),
            },
            {
              label: "Value",
              control: (row, index) => (
                <Input
                  value={row.value}
                  onChange={({ detail }) => change(index, { value: detail.value })}
                  placeholder="blue"
                />
              ),
            },
          ]}
        />
      </FormField>
      <FormField label="Only in these accounts" description="Separated by commas. Empty: in any.">
        <Input
          value={form.accounts}
          onChange={({ detail }) => onChange({ ...form, accounts: detail.value })}
          placeholder="123456789012"
        />
      </FormField>
    </SpaceBetween>
  );
}
