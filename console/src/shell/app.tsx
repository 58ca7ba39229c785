import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Modal from "@cloudscape-design/components/modal";
import { Suspense } from "react";
import { Route, Routes } from "react-router-dom";

import { SessionProvider, useSession } from "../hooks/use-session";
import { SignInForm } from "../pages/sign-in/sign-in-form";
import { SignInPage } from "../pages/sign-in/sign-in-page";
import { Layout } from "./layout";
import { NotFoundPage } from "./not-found-page";
import { TopBar } from "./top-bar";

export function App() {
  return (
    <SessionProvider>
      <TopBar />
      <Pages />
    </SessionProvider>
  );
}

function Pages() {
  const { state } = useSession();
  if (state === "asking") return null;
  if (state === "signed-out") return <SignInPage />;
  if (state === "unreachable") {
    return (
      <Box margin="xl">
        <Alert type="error" header="The service does not answer">
          Nothing is known yet. This page asks again by itself; the service may be starting.
        </Alert>
      </Box>
    );
  }
  return (
    <>
      <Layout>
        <Suspense>
          <Routes>
            <Route path="/" element={<Box variant="h1">Fleet</Box>} />
            <Route path="*" element={<NotFoundPage />} />
          </Routes>
        </Suspense>
      </Layout>
      <Modal visible={state === "ended"} header="Your session has ended" closeAriaLabel="Not now">
        <SignInForm />
      </Modal>
    </>
  );
}
