import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Form from "@cloudscape-design/components/form";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState, type ReactNode, type SyntheticEvent } from "react";

import { ApiError, wordsOf } from "../../api/client";
import { useSession } from "../../hooks/use-session";

export function SignInForm({ heading }: { heading?: ReactNode }) {
  const { signIn } = useSession();
  const [token, setToken] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    if (token.trim() === "") {
      setProblem("Paste an API token.");
      return;
    }
    setBusy(true);
    try {
      await signIn(token.trim());
      setToken("");
    } catch (error) {
      const refused = error instanceof ApiError && error.status === 401;
      setProblem(refused ? "This token is not known, was revoked or has expired." : `Not signed in: ${wordsOf(error)}`);
    } finally {
      setBusy(false);
    }
  };

  return (
    <form onSubmit={(event) => void submit(event)} aria-label="Sign in">
      <Form
        header={heading}
        actions={
          <Button variant="primary" formAction="submit" loading={busy}>
            Sign in
          </Button>
        }
      >
        <SpaceBetween size="m">
          {problem !== null && <Alert type="error">{problem}</Alert>}
          <FormField label="API token" description="It is kept nowhere: the browser gets a session in its place.">
            <Input
              value={token}
              onChange={({ detail }) => setToken(detail.value)}
              type="password"
              autoComplete="current-password"
              spellcheck={false}
              autoFocus
            />
          </FormField>
          <Box color="text-body-secondary" fontSize="body-s">
            Make one where the service runs:{" "}
            <Box variant="code">cmlfleet token create --role operator --name me</Box>
            <br />
            (the demo printed its own).
          </Box>
        </SpaceBetween>
      </Form>
    </form>
  );
}
