import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";

import type { ImportResult } from "../../api/types";
import { EC2Status } from "../../components/status";
import { counted } from "../../format/figures";

/** What an import would adopt, what is known already, what EC2 does not know. */
export function ImportPreview({ result }: { result: ImportResult }) {
  return (
    <SpaceBetween size="s">
      {result.imported.length === 0 ? (
        <Alert type="info">No instance would be imported.</Alert>
      ) : (
        <Table
          variant="embedded"
          header={<Box variant="h3">{counted(result.imported.length, "worker")} will be imported</Box>}
          items={[...result.imported]}
          trackBy="instance_id"
          columnDefinitions={[
            { id: "name", header: "Name", cell: (worker) => worker.name, isRowHeader: true },
            { id: "instance", header: "Instance", cell: (worker) => worker.instance_id },
            { id: "type", header: "Type", cell: (worker) => worker.instance_type ?? "–" },
            { id: "status", header: "Status", cell: (worker) => <EC2Status status={worker.status} /> },
          ]}
        />
      )}
      {result.already_known.length > 0 && (
        <Box color="text-body-secondary">{counted(result.already_known.length, "instance")} known already.</Box>
      )}
      {result.not_found.length > 0 && (
        <Alert type="warning">EC2 does not know {result.not_found.join(", ")} in this region.</Alert>
      )}
    </SpaceBetween>
  );
}
