import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import { useEffect } from "react";

import { useReturn } from "./page-asked-for";
import { useRefusal } from "./refusal";
import { SignInForm } from "./sign-in-form";

/** Stands in for whatever page was asked for, so that its address survives the sign-in. */
export function SignInPage() {
  const refusal = useRefusal();
  useReturn(refusal !== null);
  useEffect(() => {
    document.title = "Sign in · cmlfleet";
  }, []);
  return (
    <main className="sign-in">
      <Box margin={{ top: "xxxl", horizontal: "s" }}>
        <Container>
          <SignInForm
            refusal={refusal}
            heading={
              <Header variant="h1" description="The whole fleet of Cisco Modeling Labs servers, live.">
                Sign in to cmlfleet
              </Header>
            }
          />
        </Container>
      </Box>
    </main>
  );
}
