import Button from "@cloudscape-design/components/button";

import { rememberPage } from "./page-asked-for";

const PROVIDER = "/api/v1/session/openid";

/** To the provider and back. Where the page must stay, because of what is typed on it, in a window of its own. */
export function OpenIDButton({ stays }: { stays: boolean }) {
  return (
    <Button
      href={PROVIDER}
      {...(stays ? { target: "_blank", iconName: "external", iconAlign: "right", ariaLabel: "Sign in with OpenID (in a new window)" } : {})}
      variant="primary"
      fullWidth
      onClick={() => {
        if (!stays) rememberPage();
      }}
    >
      Sign in with OpenID
    </Button>
  );
}
