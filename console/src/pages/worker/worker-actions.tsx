import Button from "@cloudscape-design/components/button";
import Box from "@cloudscape-design/components/box";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { lazy, Suspense, useState } from "react";

import type { Worker } from "../../api/types";
import { Age, Countdown } from "../../components/time";
import { useWhyNot } from "../../hooks/use-why-not";
import type { WorkerActions } from "./use-worker";

const CredentialsModal = lazy(async () => ({ default: (await import("./credentials-modal")).CredentialsModal }));
const CertificateModal = lazy(async () => ({ default: (await import("./certificate-modal")).CertificateModal }));
const DiagnosisModal = lazy(async () => ({ default: (await import("./diagnosis-modal")).DiagnosisModal }));

interface Props {
  worker: Worker;
  actions: WorkerActions;
}

export function WorkerHeaderActions({ worker, actions }: Props) {
  const whyNot = useWhyNot("operator");
  const [dialog, setDialog] = useState<string | null>(null);
  const close = () => setDialog(null);
  const disabled = { disabled: whyNot !== null, disabledReason: whyNot ?? undefined };
  return (
    <>
      <SpaceBetween direction="horizontal" size="s" alignItems="center">
        <Button
          variant="primary"
          iconName="refresh"
          loading={actions.refresh.isPending}
          loadingText="Reading EC2, CloudWatch and CML"
          onClick={() => actions.refresh.mutate()}
          {...disabled}
        >
          Refresh
        </Button>
        <Button
          onClick={() => {
            actions.diagnose.mutate();
            setDialog("diagnosis");
          }}
          {...disabled}
        >
          Diagnose
        </Button>
        <ButtonDropdown
          items={[
            { id: "credentials", text: "Set CML credentials", ...disabled },
            { id: "certificate", text: "Compare certificates" },
          ]}
          onItemClick={({ detail }) => setDialog(detail.id)}
        >
          More
        </ButtonDropdown>
        <Box color="text-body-secondary">
          Refreshed <Age at={worker.last_refreshed_at} />, next <Countdown at={worker.monitoring.next_refresh_at} />
        </Box>
      </SpaceBetween>
      <Suspense>
        {dialog === "credentials" && <CredentialsModal worker={worker} actions={actions} onClose={close} />}
        {dialog === "certificate" && <CertificateModal worker={worker} actions={actions} onClose={close} />}
        {dialog === "diagnosis" && <DiagnosisModal worker={worker} diagnose={actions.diagnose} onClose={close} />}
      </Suspense>
    </>
  );
}
