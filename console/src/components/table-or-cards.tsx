import Cards from "@cloudscape-design/components/cards";
import Table, { type TableProps } from "@cloudscape-design/components/table";

import { useIsNarrow } from "../hooks/use-is-narrow";

export type Column<T> = TableProps.ColumnDefinition<T> & { id: string };

interface Props<T>
  extends Pick<
    TableProps<T>,
    "items" | "trackBy" | "loading" | "loadingText" | "header" | "filter" | "footer" | "empty" | "variant" | "stickyHeader" | "wrapLines"
  > {
  /** What is listed, for whoever hears a table and does not see it; cards are named by their header. */
  label: string;
  /** The one that is a row's header heads its card. */
  columns: readonly Column<T>[];
}

/** A table, and on a phone a card for each of its rows, where the last columns would lie beyond the edge. */
export function TableOrCards<T>({ label, columns, footer, variant, stickyHeader, wrapLines, ...rest }: Props<T>) {
  const isNarrow = useIsNarrow();
  if (!isNarrow) {
    return (
      <Table
        {...rest}
        {...{ footer, variant, stickyHeader, wrapLines }}
        columnDefinitions={columns}
        ariaLabels={{ tableLabel: label }}
      />
    );
  }
  const heading = columns.find(({ isRowHeader }) => isRowHeader === true);
  return (
    <>
      <Cards
        {...rest}
        cardDefinition={{
          header: (item) => heading?.cell(item),
          sections: columns
            .filter((column) => column !== heading)
            .map((column) => ({ id: column.id, header: column.header, content: (item: T) => column.cell(item) })),
        }}
      />
      {footer}
    </>
  );
}
