import { useMemo } from "react";
import { useSearchParams } from "react-router-dom";

import type { AuditFilter } from "../../format/audit";

const NAMES = ["actor", "action", "worker_id", "result", "period", "from", "to"] as const;

/** What is looked for is in the address. */
export function useAuditFilter(): { filter: AuditFilter; change: (part: Partial<AuditFilter>) => void } {
  const [parameters, setParameters] = useSearchParams();
  const filter = useMemo(
    () => Object.fromEntries(NAMES.map((name) => [name, parameters.get(name) ?? ""])) as unknown as AuditFilter,
    [parameters],
  );
  const change = (part: Partial<AuditFilter>) => {
    const after = { ...filter, ...part };
    setParameters(new URLSearchParams(Object.entries(after).filter(([, value]) => value !== "")), { replace: true });
  };
  return { filter, change };
}
