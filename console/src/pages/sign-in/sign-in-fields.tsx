import Box from "@cloudscape-design/components/box";
import FormField from "@cloudscape-design/components/form-field";
import Input, { type InputProps } from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";

import { NewPassword } from "../../components/new-password";
import type { Typed, Way } from "./ways";

export const EMPTY: Typed = { token: "", code: "", username: "", password: "" };

interface Props {
  way: Way;
  typed: Typed;
  change: (part: Partial<Typed>) => void;
}

/** What is typed for a way to sign in; choosing another way loses nothing of it. */
export function Fields({ way, typed, change }: Props) {
  const input = (name: keyof Typed, rest: Pick<InputProps, "type" | "autoComplete" | "autoFocus">) => (
    <Input value={typed[name]} onChange={({ detail }) => change({ [name]: detail.value })} spellcheck={false} {...rest} />
  );
  if (way === "token") {
    return (
      <SpaceBetween size="m">
        <FormField label="API token" description="It is kept nowhere: the browser gets a session in its place.">
          {input("token", { type: "password", autoComplete: "current-password", autoFocus: true })}
        </FormField>
        <Box color="text-body-secondary" fontSize="body-s">
          Make one where the service runs: <Box variant="code">cmlfleet token create --role operator --name me</Box>
          <br />
          (the demo printed its own).
        </Box>
      </SpaceBetween>
    );
  }
  return (
    <SpaceBetween size="m">
      {way === "set-up" && (
        <FormField label="Set-up code" description="The service printed it where it runs: nobody can sign in yet.">
          {input("code", { autoComplete: "off", autoFocus: true })}
        </FormField>
      )}
      <FormField label="User name">{input("username", { autoComplete: "username", autoFocus: way === "password" })}</FormField>
      {way === "set-up" ? (
        <NewPassword password={typed.password} onChange={(password) => change({ password })} />
      ) : (
        <FormField label="Password">
          {input("password", { type: "password", autoComplete: "current-password" })}
        </FormField>
      )}
    </SpaceBetween>
  );
}
