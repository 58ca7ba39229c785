import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";

import type { Worker } from "../../api/types";
import { count } from "../../format/figures";
import { useWhyNot } from "../../hooks/use-why-not";

export type Dialog = "labels" | "forget" | "import" | null;

interface Props {
  total: number | undefined;
  selected: readonly Worker[];
  isFiltered: boolean;
  isMoved: boolean;
  refreshing: boolean;
  onReorder: () => void;
  onRefresh: () => void;
  onOpen: (dialog: Dialog) => void;
}

export function Toolbar({ total, selected, isFiltered, isMoved, refreshing, onReorder, onRefresh, onOpen }: Props) {
  const whyNotAct = useWhyNot("operator");
  const whyNotImport = useWhyNot("operator", { wholeFleet: true });
  const isSome = selected.length > 0;
  const none = isSome ? null : "Choose workers first";
  const disabled = (reason: string | null) => ({ disabled: reason !== null, disabledReason: reason ?? undefined });
  const counter =
    total === undefined ? undefined : isSome ? `(${selected.length}/${count(total)})` : `(${count(total)})`;
  return (
    <Header
      variant="h2"
      counter={counter}
      actions={
        <SpaceBetween direction="horizontal" size="xs">
          {isMoved && <Button onClick={onReorder}>Apply the new order</Button>}
          <Button
            iconName="refresh"
            onClick={onRefresh}
            loading={refreshing}
            ariaLabel={isSome ? "Refresh the chosen workers" : isFiltered ? "Refresh all that match" : "Refresh all workers"}
            {...disabled(whyNotAct)}
          >
            {isSome ? "Refresh" : isFiltered ? `Refresh ${count(total ?? 0)}` : "Refresh all"}
          </Button>
          <ButtonDropdown
            items={[
              { id: "labels", text: "Edit labels", ...disabled(whyNotAct ?? none) },
              { id: "forget", text: "Forget", ...disabled(whyNotAct ?? none) },
            ]}
            onItemClick={({ detail }) => onOpen(detail.id as Dialog)}
          >
            Actions
          </ButtonDropdown>
          <Button onClick={() => onOpen("import")} {...disabled(whyNotImport)}>
            Import
          </Button>
        </SpaceBetween>
      }
    >
      Workers
    </Header>
  );
}
