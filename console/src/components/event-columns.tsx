import Box from "@cloudscape-design/components/box";

import type { WorkerEvent } from "../api/types";
import { eventName, eventWords } from "../format/events";
import type { Column } from "./table-or-cards";
import { Age, Moment } from "./time";

/** Who or what caused each change, with before and after. */
export const EVENT_COLUMNS: Column<WorkerEvent>[] = [
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
