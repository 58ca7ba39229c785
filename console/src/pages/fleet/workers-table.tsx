import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Cards from "@cloudscape-design/components/cards";
import CollectionPreferences from "@cloudscape-design/components/collection-preferences";
import Pagination from "@cloudscape-design/components/pagination";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useState, type ReactNode } from "react";

import { wordsOf } from "../../api/client";
import type { Worker } from "../../api/types";
import { useIsNarrow } from "../../hooks/use-is-narrow";
import { COLUMNS, WorkerLink } from "./columns-config";
import { isFiltered } from "./fleet-url";
import { PAGE_SIZES, type Preferences } from "./preferences";
import { rowKeys } from "./row-keys";
import type { FleetPageState } from "./use-fleet-state";

interface Props extends Pick<FleetPageState, "state" | "preferences" | "change" | "prefer" | "select"> {
  items: readonly Worker[];
  total: number;
  isLoading: boolean;
  error: unknown;
  selected: readonly Worker[];
  header: ReactNode;
  filter: ReactNode;
  empty: ReactNode;
}

export function WorkersTable(props: Props) {
  const { state, preferences, items, total, isLoading, error, selected, change, select } = props;
  const isNarrow = useIsNarrow();
  const rowOf = useRows(items);
  const shown = preferences.columns.filter((column) => column.visible).map((column) => column.id);
  const empty =
    error !== null ? (
      <Alert type="error">{wordsOf(error)}</Alert>
    ) : isFiltered(state) ? (
      <Box textAlign="center">
        <SpaceBetween size="s">
          <b>No worker matches</b>
          <Button onClick={() => change({ q: "", tokens: [] })}>Clear the filters</Button>
        </SpaceBetween>
      </Box>
    ) : (
      props.empty
    );
  const common = {
    items,
    trackBy: rowOf,
    loading: isLoading,
    loadingText: "Reading the workers",
    selectionType: "multi" as const,
    selectedItems: selected,
    onSelectionChange: ({ detail }: { detail: { selectedItems: readonly Worker[] } }) =>
      select(detail.selectedItems.map((worker) => worker.id)),
    ariaLabels: {
      itemSelectionLabel: (_: unknown, worker: Worker) => `Choose ${worker.name}`,
      selectionGroupLabel: "Choose workers",
      allItemsSelectionLabel: () => "Choose all workers on this page",
      tableLabel: "Workers",
      cardsLabel: "Workers",
    },
    header: props.header,
    filter: props.filter,
    empty,
    pagination: (
      <Pagination
        currentPageIndex={state.page}
        pagesCount={Math.max(1, Math.ceil(total / preferences.size))}
        onChange={({ detail }) => change({ page: detail.currentPageIndex })}
        ariaLabels={{
          paginationLabel: "Pages of workers",
          nextPageLabel: "Next page",
          previousPageLabel: "Previous page",
          pageLabel: (page) => `Page ${page}`,
        }}
      />
    ),
    preferences: <TablePreferences preferences={preferences} prefer={props.prefer} />,
  };

  if (isNarrow) {
    const fields = shown.filter((id) => id !== "name");
    return (
      <Cards
        {...common}
        cardDefinition={{
          header: (worker) => <WorkerLink worker={worker} />,
          sections: COLUMNS.filter(({ id }) => id !== "name").map((column) => ({
            id: column.id,
            header: column.label,
            content: (worker: Worker) => <div className="beside-others">{column.cell(worker)}</div>,
            // Cloudscape sets the first field higher than the others: nothing may stand beside it.
            width: column.id === fields[0] ? 100 : 50,
          })),
        }}
        visibleSections={fields}
      />
    );
  }
  return (
    <Table
      {...common}
      columnDefinitions={COLUMNS}
      columnDisplay={preferences.columns}
      contentDensity={preferences.isCompact ? "compact" : "comfortable"}
      enableKeyboardNavigation
      stickyHeader
      stickyColumns={{ first: 1 }}
      totalItemsCount={total}
      firstIndex={(state.page - 1) * preferences.size + 1}
      sortingColumn={{ sortingField: state.sort.replace(/^-/, "") }}
      sortingDescending={state.sort.startsWith("-")}
      onSortingChange={({ detail }) =>
        change({ sort: `${detail.isDescending === true ? "-" : ""}${detail.sortingColumn.sortingField ?? "name"}` })
      }
    />
  );
}

/** Where each worker is shown; one that is chosen on another page has no row, and is told by its own id. */
function useRows(items: readonly Worker[]): (worker: Worker) => string {
  const [shown, setShown] = useState(() => ({ items, keys: rowKeys(new Map(), items) }));
  if (shown.items !== items) setShown({ items, keys: rowKeys(shown.keys, items) });
  return ({ id }) => shown.keys.get(id) ?? id;
}

function TablePreferences({ preferences, prefer }: { preferences: Preferences; prefer: (chosen: Preferences) => void }) {
  return (
    <CollectionPreferences
      title="Table"
      confirmLabel="Apply"
      cancelLabel="Cancel"
      preferences={{
        pageSize: preferences.size,
        contentDisplay: preferences.columns,
        contentDensity: preferences.isCompact ? "compact" : "comfortable",
      }}
      pageSizePreference={{
        title: "Workers on a page",
        options: PAGE_SIZES.map((size) => ({ value: size, label: String(size) })),
      }}
      contentDensityPreference={{ label: "Compact", description: "More rows at once" }}
      contentDisplayPreference={{
        title: "Columns",
        options: COLUMNS.map(({ id, label }) => ({ id, label, alwaysVisible: id === "name" })),
      }}
      onConfirm={({ detail }) =>
        prefer({
          size: detail.pageSize ?? preferences.size,
          columns: detail.contentDisplay ?? preferences.columns,
          isCompact: detail.contentDensity === "compact",
        })
      }
    />
  );
}
