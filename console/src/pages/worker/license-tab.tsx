import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";

import { wordsOf } from "../../api/client";
import type { Worker } from "../../api/types";
import { LicenseWord } from "../../components/status";
import { Age, Countdown, Moment } from "../../components/time";
import { Unknown } from "../../components/unknown";
import { useWorkerLicense } from "./use-worker";

export function LicenseTab({ worker }: { worker: Worker }) {
  const { data, error } = useWorkerLicense(worker);
  if (error !== null) return <Alert type="error">{wordsOf(error)}</Alert>;
  if (data === undefined) return <Box padding="xl">Reading the licence</Box>;
  const license = data.license;
  const word = (text: string | null | undefined) =>
    text == null ? <Unknown reason={data.reason ?? "not read"} /> : <LicenseWord word={text} />;
  const when = (at: string | null | undefined) =>
    at == null ? (
      <Unknown reason={data.reason ?? "CML names none"} />
    ) : (
      <>
        <Moment at={at} /> (<Countdown at={at} />)
      </>
    );
  return (
    <SpaceBetween size="l">
      {data.reason !== null && <Alert type="info">The licence is not known: {data.reason}</Alert>}
      {license?.renew_failed === true && <Alert type="warning">The last renewal of the registration failed.</Alert>}
      <KeyValuePairs
        columns={3}
        items={[
          { label: "Registration", value: word(license?.status) },
          { label: "Authorization", value: word(license?.authorization) },
          { label: "Product", value: license?.product ?? <Unknown reason={data.reason ?? "not read"} /> },
          { label: "Registration expires", value: when(license?.registration_expires_at) },
          { label: "Authorization expires", value: when(license?.authorization_expires_at) },
          { label: "Renews", value: when(license?.renew_at) },
          { label: "Smart account", value: data.smart_account ?? <Unknown reason="CML names none" /> },
          { label: "Virtual account", value: data.virtual_account ?? <Unknown reason="CML names none" /> },
          { label: "Read", value: <Age at={data.read_at} /> },
        ]}
      />
      <Table
        variant="embedded"
        items={[...data.features]}
        trackBy="id"
        wrapLines
        header={<Box variant="h3">Features</Box>}
        ariaLabels={{ tableLabel: "Features" }}
        empty="No features are known"
        columnDefinitions={[
          { id: "name", header: "Feature", cell: (feature) => feature.name, isRowHeader: true, minWidth: 140 },
          { id: "status", header: "Status", cell: (feature) => <LicenseWord word={feature.status} />, minWidth: 130 },
          { id: "in_use", header: "In use", cell: (feature) => feature.in_use ?? "–" },
          { id: "range", header: "Allowed", cell: (feature) => `${feature.min ?? "–"} to ${feature.max ?? "–"}` },
        ]}
      />
    </SpaceBetween>
  );
}
