import Box from "@cloudscape-design/components/box";
import Cards from "@cloudscape-design/components/cards";
import Table, { type TableProps } from "@cloudscape-design/components/table";

import type { WorkerEvent } from "../api/types";
import { eventName, eventWords } from "../format/events";
import { useIsNarrow } from "../hooks/use-is-narrow";
import { Age, Moment } from "./time";

export type EventColumn = TableProps.ColumnDefinition<WorkerEvent> & { id: string };

/** Who or what caused each change, with before and after. */
export const EVENT_COLUMNS: EventColumn[] = [
  {
    id: "at",
    header: "When",
    cell: (event) => (
      <>
        <Moment at={event.occurred_at} />
        <Box color="text-body-secondary" fontSize="body-s">
          <Age at={event.occurred_at} />
        </Box>
      </>
    ),
    minWidth: 170,
  },
  { id: "type", header: "What", cell: (event) => eventName(event.type), isRowHeader: true, minWidth: 160 },
  { id: "data", header: "Before and after", cell: (event) => <span className="long">{eventWords(event)}</span>, minWidth: 200 },
  { id: "actor", header: "By", cell: (event) => event.actor, minWidth: 100 },
  { id: "cause", header: "Cause", cell: (event) => event.cause, minWidth: 180 },
];

interface Props
  extends Pick<TableProps<WorkerEvent>, "items" | "loading" | "header" | "filter" | "footer" | "empty" | "variant" | "stickyHeader"> {
  columns: readonly EventColumn[];
}

/** A card each on a phone, where what happened would be a column beyond the edge. */
export function EventsTable({ columns, footer, variant, stickyHeader, ...rest }: Props) {
  const isNarrow = useIsNarrow();
  const common = { ...rest, trackBy: "id" as const, loadingText: "Reading what happened" };
  if (!isNarrow) {
    return (
      <Table
        {...common}
        {...{ footer, variant, stickyHeader }}
        wrapLines
        columnDefinitions={columns}
        ariaLabels={{ tableLabel: "Activity" }}
      />
    );
  }
  return (
    <>
      <Cards
        {...common}
        cardDefinition={{
          header: (event: WorkerEvent) => eventName(event.type),
          sections: columns
            .filter(({ id }) => id !== "type")
            .map((column) => ({ id: column.id, header: column.header, content: (event: WorkerEvent) => column.cell(event) })),
        }}
      />
      {footer}
    </>
  );
}
