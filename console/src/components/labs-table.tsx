import Box from "@cloudscape-design/components/box";

import type { Lab } from "../api/types";
import { count } from "../format/figures";
import { LabState } from "./status";
import type { Column } from "./table-or-cards";
import { Age, Moment } from "./time";
import { Unknown } from "./unknown";

/** A lab's columns, on its worker and on the page of all labs alike. */
export const LAB_COLUMNS: Column<Lab>[] = [
  {
    id: "title",
    header: "Title",
    cell: (lab) => <span className="long clamped" title={lab.title}>{lab.title || "(no title)"}</span>,
    isRowHeader: true,
    minWidth: 180,
  },
  { id: "owner", header: "Owner", cell: (lab) => lab.owner ?? <Unknown reason="not known" />, minWidth: 100 },
  { id: "state", header: "State", cell: (lab) => <LabState state={lab.state} />, minWidth: 120 },
  {
    id: "nodes",
    header: "Nodes",
    cell: (lab) => `${lab.nodes_running === null ? "?" : count(lab.nodes_running)} / ${count(lab.node_count)}`,
    minWidth: 80,
  },
  { id: "created", header: "Created", cell: (lab) => <Moment at={lab.created_at} />, minWidth: 150 },
  { id: "modified", header: "Last change", cell: (lab) => <Age at={lab.modified_at} />, minWidth: 110 },
];

export function NoLabs({ reason }: { reason: string }) {
  return <Box textAlign="center">{reason}</Box>;
}
