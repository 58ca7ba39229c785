import Grid from "@cloudscape-design/components/grid";
import PropertyFilter from "@cloudscape-design/components/property-filter";
import type { Ref } from "react";

import type { Fleet, Worker } from "../../api/types";
import { counted } from "../../format/figures";
import { filteringOptions, PROPERTIES } from "./filter-config";
import type { FleetState } from "./fleet-url";
import { SearchBox } from "./search-box";

interface Props {
  state: FleetState;
  change: (change: Partial<FleetState>) => void;
  search: (q: string) => void;
  fleet: Fleet | undefined;
  shown: readonly Worker[];
  total: number | undefined;
  searchRef: Ref<HTMLDivElement>;
}

/** Free text answers each keystroke; properties are chosen. */
export function Filters({ state, change, search, fleet, shown, total, searchRef }: Props) {
  const matches = total === undefined ? undefined : counted(total, "match", "matches");
  return (
    <Grid gridDefinition={[{ colspan: { default: 12, s: 4 } }, { colspan: { default: 12, s: 8 } }]}>
      <div ref={searchRef}>
        <SearchBox
          q={state.q}
          onChange={search}
          countText={state.q === "" ? undefined : matches}
        />
      </div>
      <PropertyFilter
        query={{ tokens: state.tokens, operation: "and" }}
        onChange={({ detail }) => change({ tokens: detail.tokens.filter((token) => token.propertyKey !== undefined) })}
        filteringProperties={PROPERTIES}
        filteringOptions={filteringOptions(fleet, shown)}
        disableFreeTextFiltering
        readOnlyOperations
        countText={matches}
        filteringPlaceholder="Filter by property"
        filteringAriaLabel="Filter by property"
      />
    </Grid>
  );
}
