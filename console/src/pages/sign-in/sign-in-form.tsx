import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import Form from "@cloudscape-design/components/form";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import { useState, type ReactNode, type SyntheticEvent } from "react";

import { api, ok } from "../../api/client";
import { useSession } from "../../hooks/use-session";
import { OpenIDButton } from "./openid-button";
import { EMPTY, Fields } from "./sign-in-fields";
import { missing, refusalWords, usualWay, waysOf, WORDS, type Typed, type Way } from "./ways";

interface Props {
  heading?: ReactNode;
  /** What is typed on the page must not be lost. */
  stays?: boolean;
  /** Why the provider's way ended here. */
  refusal?: string | null;
}

/** By whatever the service takes: its own users, an OpenID provider, an API token, or the code for the first user. */
export function SignInForm({ heading, stays = false, refusal = null }: Props) {
  const { signIn } = useSession();
  const options = useQuery({
    queryKey: ["sign-in-options"],
    queryFn: ({ signal }) => ok(api.GET("/api/v1/session/options", { signal })),
  }).data;
  const [chosen, choose] = useState<Way | null>(null);
  const [typed, setTyped] = useState<Typed>(EMPTY);
  const [problem, setProblem] = useState(refusal === null ? null : `Not signed in: ${refusal}.`);
  const [busy, setBusy] = useState(false);
  const way = chosen ?? usualWay(options);

  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    if (way === null) return;
    const lacking = missing(way, typed);
    setProblem(lacking);
    if (lacking !== null) return;
    setBusy(true);
    try {
      if (way === "token") await signIn({ token: typed.token.trim() });
      else {
        const { code, username, password } = typed;
        if (way === "set-up") await ok(api.POST("/api/v1/session/set-up", { body: { code, username, password } }));
        await signIn({ username, password });
      }
      setTyped(EMPTY);
    } catch (error) {
      setProblem(refusalWords(way, error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <form onSubmit={(event) => void submit(event)} aria-label="Sign in">
      <Form
        header={heading}
        actions={
          way !== null && (
            <Button variant="primary" formAction="submit" loading={busy}>
              {WORDS[way].action}
            </Button>
          )
        }
      >
        <SpaceBetween size="m">
          {problem !== null && <Alert type="error">{problem}</Alert>}
          {options?.openid === true && <OpenIDButton stays={stays} />}
          {way !== null && <Fields way={way} typed={typed} change={(part) => setTyped({ ...typed, ...part })} />}
          {waysOf(options)
            .filter((other) => other !== way)
            .map((other) => (
              <Button key={other} variant="inline-link" formAction="none" onClick={() => choose(other)}>
                {WORDS[other].choose}
              </Button>
            ))}
        </SpaceBetween>
      </Form>
    </form>
  );
}
