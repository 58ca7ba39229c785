import FormField from "@cloudscape-design/components/form-field";
import Select from "@cloudscape-design/components/select";

const ROLES = [
  { value: "viewer", label: "viewer: reads" },
  { value: "operator", label: "operator: also acts" },
  { value: "admin", label: "admin: also configures" },
];

interface Props {
  role: string;
  onChange: (role: string) => void;
  whyNot?: string | null;
}

export function RoleField({ role, onChange, whyNot = null }: Props) {
  return (
    <FormField label="Role" {...(whyNot === null ? {} : { constraintText: whyNot })}>
      <Select
        selectedOption={ROLES.find(({ value }) => value === role) ?? null}
        options={ROLES}
        disabled={whyNot !== null}
        onChange={({ detail }) => onChange(detail.selectedOption.value ?? role)}
      />
    </FormField>
  );
}
