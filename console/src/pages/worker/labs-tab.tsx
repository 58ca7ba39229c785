import Alert from "@cloudscape-design/components/alert";
import Header from "@cloudscape-design/components/header";
import TextFilter from "@cloudscape-design/components/text-filter";
import { useMemo, useState } from "react";

import { wordsOf } from "../../api/client";
import type { Worker } from "../../api/types";
import { LAB_COLUMNS, NoLabs } from "../../components/labs-table";
import { whyUnknown } from "../../components/status";
import { TableOrCards } from "../../components/table-or-cards";
import { Age } from "../../components/time";
import { useWorkerLabs } from "./use-worker";

export function LabsTab({ worker }: { worker: Worker }) {
  const { data, error, isPending } = useWorkerLabs(worker);
  const [wanted, setWanted] = useState("");
  const labs = useMemo(() => {
    const words = wanted.trim().toLowerCase();
    const items = data?.items ?? [];
    return words === "" ? items : items.filter((lab) => `${lab.title} ${lab.owner ?? ""} ${lab.state}`.toLowerCase().includes(words));
  }, [data, wanted]);
  const why = worker.labs_reason ?? (worker.labs_count === null ? whyUnknown(worker) : null);
  if (error !== null) return <Alert type="error">{wordsOf(error)}</Alert>;
  return (
    <TableOrCards
      label="Labs"
      variant="embedded"
      loading={isPending}
      loadingText="Reading the labs"
      items={labs}
      trackBy="id"
      wrapLines
      columns={LAB_COLUMNS}
      header={
        <Header
          variant="h3"
          counter={data === undefined ? undefined : `(${data.total})`}
          description={
            <>
              As read <Age at={worker.sources.cml.parts.labs?.read_at} />
            </>
          }
        >
          Labs
        </Header>
      }
      filter={
        <TextFilter
          filteringText={wanted}
          onChange={({ detail }) => setWanted(detail.filteringText)}
          filteringPlaceholder="Find labs"
          filteringAriaLabel="Find labs by title, owner or state"
        />
      }
      empty={<NoLabs reason={wanted !== "" ? "No lab matches" : why === null ? "No labs" : `Not known: ${why}`} />}
    />
  );
}
