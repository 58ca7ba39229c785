import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router-dom";

import { USUAL } from "./columns-config";
import { readState, writeState, type FleetState } from "./fleet-url";
import { readPreferences, storedPreferences, storePreferences, writePreferences, type Preferences } from "./preferences";

const MOST_IN_ADDRESS = 100; // selected workers: a longer address is no link any more

export interface FleetPageState {
  state: FleetState;
  preferences: Preferences;
  selected: readonly string[];
  change: (change: Partial<FleetState>) => void;
  prefer: (chosen: Preferences) => void;
  select: (ids: readonly string[]) => void;
}

/** Everything that the page shows is in its address; what is typed replaces the entry, so that Back leaves the page. */
export function useFleetState(): FleetPageState {
  const [parameters, setParameters] = useSearchParams();
  const state = useMemo(() => readState(parameters), [parameters]);
  const preferences = useMemo(() => readPreferences(parameters, storedPreferences(), USUAL), [parameters]);
  const selected = useMemo(() => (parameters.get("selected") ?? "").split(",").filter(Boolean), [parameters]);

  const change = useCallback(
    (changes: Partial<FleetState>) =>
      setParameters((before) => writeState(before, { ...readState(before), page: 1, ...changes }), { replace: true }),
    [setParameters],
  );
  const prefer = useCallback(
    (chosen: Preferences) => {
      storePreferences(chosen, USUAL);
      setParameters((before) => writePreferences(before, chosen, USUAL), { replace: true });
    },
    [setParameters],
  );
  const select = useCallback(
    (ids: readonly string[]) =>
      setParameters(
        (before) => {
          const after = new URLSearchParams(before);
          if (ids.length === 0) after.delete("selected");
          else after.set("selected", ids.slice(0, MOST_IN_ADDRESS).join(","));
          return after;
        },
        { replace: true },
      ),
    [setParameters],
  );
  return { state, preferences, selected, change, prefer, select };
}
