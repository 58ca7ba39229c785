import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";

export const LEAST_PASSWORD = 12; // characters, as the service has it

export function problemWithPassword(password: string): string | null {
  return password.length < LEAST_PASSWORD ? `A password has ${LEAST_PASSWORD} characters or more.` : null;
}

interface Props {
  label?: string;
  password: string;
  onChange: (password: string) => void;
}

export function NewPassword({ label = "Password", password, onChange }: Props) {
  return (
    <FormField label={label} constraintText={`${LEAST_PASSWORD} characters or more.`}>
      <Input
        value={password}
        onChange={({ detail }) => onChange(detail.value)}
        type="password"
        autoComplete="new-password"
      />
    </FormField>
  );
}
