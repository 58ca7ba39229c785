import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useMemo, useRef, useState } from "react";
import { Outlet } from "react-router-dom";

import type { Worker, WorkerList } from "../../api/types";
import { serverNow } from "../../format/clock";
import { useFleet } from "../../hooks/use-fleet";
import { useIsNarrow } from "../../hooks/use-is-narrow";
import { useTitle } from "../../hooks/use-title";
import { useWhyNot } from "../../hooks/use-why-not";
import { useLive } from "../../live/live-provider";
import { AttentionStrip, RegionAlerts } from "./attention-strip";
import { EmptyFleet } from "./empty-fleet";
import { Filters } from "./filters";
import { isFiltered, selection } from "./fleet-url";
import { Tiles } from "./tiles";
import { Toolbar, type Dialog } from "./toolbar";
import { useBulk } from "./use-bulk";
import { useFleetState } from "./use-fleet-state";
import { useSearch } from "./use-search";
import { useShortcuts } from "./use-shortcuts";
import { useWorkers } from "./use-workers";
import { WorkersTable } from "./workers-table";

const ImportModal = lazy(async () => ({ default: (await import("./import-modal")).ImportModal }));
const LabelsModal = lazy(async () => ({ default: (await import("./labels-modal")).LabelsModal }));
const ForgetModal = lazy(async () => ({ default: (await import("./forget-modal")).ForgetModal }));

export function FleetPage() {
  useTitle("Fleet");
  const fleet = useFleet().data;
  const page = useFleetState();
  const { state, preferences, selected, change, prefer, select } = page;
  const [isHeld, setHeld] = useState(false);
  const { list, isMoved, reorder } = useWorkers(state, preferences.size, isHeld);
  const { connection } = useLive();
  const [dialog, setDialog] = useState<Dialog>(null);
  const { refresh, label, forget } = useBulk();
  const search = useSearch(page);
  const searchRef = useRef<HTMLDivElement>(null);
  const workersRef = useRef<HTMLDivElement>(null);
  const isNarrow = useIsNarrow();
  const whyNotAct = useWhyNot("operator");
  const whyNotImport = useWhyNot("operator", { wholeFleet: true });

  const items = useMemo(() => list.data?.items ?? [], [list.data]);
  const chosen = useChosen(selected, items);
  const startRefresh = () => {
    if (whyNotAct !== null) return;
    if (chosen.length > 0) refresh.mutate({ workerIds: chosen.map((worker) => worker.id) });
    else refresh.mutate({ matching: selection(state, serverNow()).toString() });
  };
  useShortcuts(searchRef, () => {
    if (chosen.length > 0) startRefresh();
  });
  // On a phone the workers that a link is about are below the edge: followed, it would seem to do nothing.
  const showWorkers = () => {
    if (isNarrow) workersRef.current?.scrollIntoView();
  };
  const open = (next: Dialog) => {
    label.reset();
    setDialog(next);
  };
  const close = () => setDialog(null);

  return (
    <ContentLayout header={<Header variant="h1">Fleet</Header>}>
      <div className={connection.state === "lost" ? "connection-lost" : undefined}>
        <SpaceBetween size="m">
          <AttentionStrip fleet={fleet} onShow={showWorkers} />
          <RegionAlerts regions={fleet?.regions ?? []} />
          <Tiles fleet={fleet} onShow={showWorkers} />
          <div
            ref={workersRef}
            className="below-top"
            onPointerEnter={() => setHeld(true)}
            onPointerLeave={() => setHeld(false)}
          >
            <WorkersTable
              {...{ state, preferences, change, prefer, select, items }}
              total={list.data?.total ?? 0}
              isLoading={list.isPending}
              error={list.error}
              selected={chosen}
              header={
                <Toolbar
                  total={list.data?.total}
                  selected={chosen}
                  isMoved={isMoved && isHeld}
                  isFiltered={isFiltered(state)}
                  refreshing={refresh.isPending}
                  onReorder={reorder}
                  onRefresh={startRefresh}
                  onOpen={open}
                />
              }
              filter={
                <Filters {...{ state, change, search, fleet, searchRef }} shown={items} total={list.data?.total} />
              }
              empty={<EmptyFleet onImport={() => setDialog("import")} whyNot={whyNotImport} />}
            />
          </div>
        </SpaceBetween>
      </div>
      <Suspense>
        <Outlet />
        {dialog === "import" && <ImportModal fleet={fleet} onClose={close} />}
        {dialog === "labels" && (
          <LabelsModal
            workers={chosen}
            busy={label.isPending}
            onClose={close}
            error={label.error}
            onSave={(labelling) => label.mutate(labelling, { onSuccess: close })}
          />
        )}
        {dialog === "forget" && (
          <ForgetModal
            workers={chosen}
            busy={forget.isPending}
            onClose={close}
            onForget={() =>
              forget.mutate(chosen, {
                onSuccess: () => {
                  select([]);
                  close();
                },
              })
            }
          />
        )}
      </Suspense>
    </ContentLayout>
  );
}

/** The selected workers, whichever page they are on; kept by id alone. */
function useChosen(selected: readonly string[], items: readonly Worker[]): Worker[] {
  const client = useQueryClient();
  return useMemo(() => {
    if (selected.length === 0) return [];
    const known = new Map(items.map((worker) => [worker.id, worker]));
    for (const [, list] of client.getQueriesData<WorkerList>({ queryKey: ["workers"] })) {
      for (const worker of list?.items ?? []) if (!known.has(worker.id)) known.set(worker.id, worker);
    }
    return selected.flatMap((id) => known.get(id) ?? []);
  }, [client, selected, items]);
}
