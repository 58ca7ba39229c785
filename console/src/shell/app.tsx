import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import ErrorBoundary from "@cloudscape-design/components/error-boundary";
import Modal from "@cloudscape-design/components/modal";
import { lazy, Suspense } from "react";
import { Route, Routes } from "react-router-dom";

import { SessionProvider, useSession } from "../hooks/use-session";
import { NoticesProvider } from "../hooks/use-notices";
import { LiveProvider } from "../live/live-provider";
import { FleetPage } from "../pages/fleet/fleet-page";
import { SignInForm } from "../pages/sign-in/sign-in-form";
import { SignInPage } from "../pages/sign-in/sign-in-page";
import { useReturn } from "../pages/sign-in/page-asked-for";
import { ForWholeFleet } from "./for-whole-fleet";
import { Layout } from "./layout";
import { NotFoundPage } from "./not-found-page";
import { Notices } from "./notices";
import { TopBar } from "./top-bar";

const WorkerModal = lazy(async () => ({ default: (await import("../pages/worker/worker-modal")).WorkerModal }));
const LabsPage = lazy(async () => ({ default: (await import("../pages/labs/labs-page")).LabsPage }));
const ActivityPage = lazy(async () => ({ default: (await import("../pages/activity/activity-page")).ActivityPage }));
const OperationsPage = lazy(async () => ({ default: (await import("../pages/operations/operations-page")).OperationsPage }));
const SettingsPage = lazy(async () => ({ default: (await import("../pages/settings/settings-page")).SettingsPage }));
const UsersPage = lazy(async () => ({ default: (await import("../pages/users/users-page")).UsersPage }));
const AuditPage = lazy(async () => ({ default: (await import("../pages/audit/audit-page")).AuditPage }));
const SystemPage = lazy(async () => ({ default: (await import("../pages/system/system-page")).SystemPage }));

const BROKEN = {
  headerText: "This page broke",
  descriptionText: "Load it again; what was shown is in its address.",
  refreshActionText: "Load again",
};

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
  useReturn(state === "signed-in");
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
    <LiveProvider enabled={state === "signed-in"}>
      <NoticesProvider>
        <Layout notifications={<Notices />}>
          <ErrorBoundary onError={({ error }) => console.error(error)} i18nStrings={BROKEN}>
            <Suspense>
              <Routes>
                <Route path="/" element={<FleetPage />}>
                  <Route path="workers/:workerId" element={<WorkerModal />} />
                </Route>
                <Route path="/labs" element={<LabsPage />} />
                <Route path="/activity" element={<ActivityPage />} />
                <Route path="/operations" element={<OperationsPage />} />
                <Route path="/settings" element={<SettingsPage />} />
                <Route element={<ForWholeFleet role="viewer" />}>
                  <Route path="/system" element={<SystemPage />} />
                </Route>
                <Route element={<ForWholeFleet role="admin" />}>
                  <Route path="/users" element={<UsersPage />} />
                  <Route path="/audit" element={<AuditPage />} />
                </Route>
                <Route path="*" element={<NotFoundPage />} />
              </Routes>
            </Suspense>
          </ErrorBoundary>
        </Layout>
        {state === "ended" && (
          <Modal visible header="Your session has ended" closeAriaLabel="Not now">
            <SignInForm stays />
          </Modal>
        )}
      </NoticesProvider>
    </LiveProvider>
  );
}
