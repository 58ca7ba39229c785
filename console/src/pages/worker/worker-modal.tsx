import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import Tabs from "@cloudscape-design/components/tabs";
import { lazy, Suspense, type ReactNode } from "react";
import { useNavigate, useParams, useSearchParams } from "react-router-dom";

import { ApiError, wordsOf } from "../../api/client";
import type { Worker } from "../../api/types";
import { EC2Status, Health } from "../../components/status";
import { ActivityTab } from "./activity-tab";
import { CMLTab } from "./cml-tab";
import { LabsTab } from "./labs-tab";
import { LicenseTab } from "./license-tab";
import { OverviewTab } from "./overview-tab";
import { RefreshResultLines } from "./refresh-result";
import { useWorker, useWorkerActions } from "./use-worker";
import { WorkerHeaderActions } from "./worker-actions";

const MetricsTab = lazy(async () => ({ default: (await import("./metrics-tab")).MetricsTab }));
const OWN_PARAMETERS = ["tab", "range"];

interface Tab {
  id: string;
  label: string;
  content: (worker: Worker) => ReactNode;
}

const TABS: Tab[] = [
  { id: "overview", label: "Overview", content: (worker) => <OverviewTab worker={worker} /> },
  { id: "cml", label: "CML", content: (worker) => <CMLTab worker={worker} /> },
  { id: "labs", label: "Labs", content: (worker) => <LabsTab worker={worker} /> },
  { id: "license", label: "Licence", content: (worker) => <LicenseTab worker={worker} /> },
  { id: "metrics", label: "Metrics", content: (worker) => <MetricsTab worker={worker} /> },
  { id: "activity", label: "Activity", content: (worker) => <ActivityTab worker={worker} /> },
];

/** Over the fleet, which keeps its place; its tab and its time range are in the address. */
export function WorkerModal() {
  const { workerId = "" } = useParams();
  const [parameters, setParameters] = useSearchParams();
  const navigate = useNavigate();
  const { data: worker, error, isPending } = useWorker(workerId);
  const actions = useWorkerActions(workerId);
  const close = () => {
    const kept = new URLSearchParams([...parameters].filter(([name]) => !OWN_PARAMETERS.includes(name)));
    void navigate({ pathname: "/", search: kept.toString() });
  };
  const show = (tab: string) =>
    setParameters(
      (before) => {
        const after = new URLSearchParams(before);
        after.set("tab", tab);
        return after;
      },
      { replace: true },
    );

  return (
    <Modal
      visible
      size="max"
      position="top"
      onDismiss={close}
      closeAriaLabel="Close"
      header={worker === undefined ? "Worker" : <Title worker={worker} />}
    >
      <SpaceBetween size="m">
        {isPending && (
          <Box textAlign="center" padding="xxl">
            <Spinner size="large" />
          </Box>
        )}
        {error !== null && <Missing error={error} known={worker !== undefined} />}
        {worker !== undefined && (
          <>
            <WorkerHeaderActions worker={worker} actions={actions} />
            <RefreshResultLines refresh={actions.refresh} />
            <Tabs
              ariaLabel="What to see of the worker"
              activeTabId={parameters.get("tab") ?? "overview"}
              onChange={({ detail }) => show(detail.activeTabId)}
              tabs={TABS.map(({ id, label, content }) => ({
                id,
                label,
                content: (
                  <Suspense fallback={<Box padding="xxl">Loading</Box>}>
                    <div className="tab">{content(worker)}</div>
                  </Suspense>
                ),
              }))}
            />
          </>
        )}
      </SpaceBetween>
    </Modal>
  );
}

function Title({ worker }: { worker: Worker }) {
  return (
    <SpaceBetween direction="horizontal" size="s" alignItems="center">
      <span className="long">{worker.name}</span>
      <Box variant="span" fontWeight="normal">
        <EC2Status status={worker.status} />
      </Box>
      <Box variant="span" fontWeight="normal">
        <Health worker={worker} />
      </Box>
    </SpaceBetween>
  );
}

function Missing({ error, known }: { error: Error; known: boolean }) {
  if (error instanceof ApiError && error.status === 404) {
    return (
      <Alert type="warning" header="This worker is not known (any more)">
        {known ? "It was forgotten meanwhile. What you see is the last that was known." : "It may have been forgotten."}
      </Alert>
    );
  }
  return <Alert type="error">{wordsOf(error)}</Alert>;
}
