import DateRangePicker, { type DateRangePickerProps } from "@cloudscape-design/components/date-range-picker";
import FormField from "@cloudscape-design/components/form-field";
import Grid from "@cloudscape-design/components/grid";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";

import { PERIODS, type AuditFilter } from "../../format/audit";
import { serverNow } from "../../format/clock";

const RESULTS = [
  { value: "", label: "any" },
  ...["done", "refused", "failed"].map((value) => ({ value, label: value })),
];
const RELATIVE: DateRangePickerProps.RelativeOption[] = Object.entries(PERIODS).map(([key, amount]) => ({
  key,
  amount,
  unit: "hour",
  type: "relative",
}));
const NAMES: Record<string, string> = {
  "1h": "The last hour",
  "24h": "The last 24 hours",
  "7d": "The last 7 days",
  "30d": "The last 30 days",
};

interface Props {
  filter: AuditFilter;
  change: (part: Partial<AuditFilter>) => void;
}

export function AuditFilters({ filter, change }: Props) {
  const text = (name: "actor" | "action" | "worker_id", label: string, placeholder: string) => (
    <FormField label={label}>
      <Input value={filter[name]} onChange={({ detail }) => change({ [name]: detail.value })} placeholder={placeholder} />
    </FormField>
  );
  return (
    <Grid gridDefinition={[2, 2, 2, 2, 4].map((s) => ({ colspan: { default: 12, xs: 6, m: s } }))}>
      {text("actor", "Who", "ann, a token")}
      {text("action", "What", "UpdateWorkerCommand")}
      {text("worker_id", "Worker id", "w-…")}
      <FormField label="Result">
        <Select
          selectedOption={RESULTS.find(({ value }) => value === filter.result) ?? null}
          options={RESULTS}
          onChange={({ detail }) => change({ result: detail.selectedOption.value ?? "" })}
        />
      </FormField>
      <FormField label="When">
        <DateRangePicker
          value={rangeOf(filter)}
          relativeOptions={RELATIVE}
          isValidRange={() => ({ valid: true })}
          placeholder="any time"
          expandToViewport
          onChange={({ detail }) => change(filterOf(detail.value))}
          i18nStrings={{
            formatRelativeRange: ({ key, amount, unit }) => NAMES[key ?? ""] ?? `The last ${amount} ${unit}s`,
          }}
        />
      </FormField>
    </Grid>
  );
}

function rangeOf({ period, from, to }: AuditFilter): DateRangePickerProps.Value | null {
  const relative = RELATIVE.find(({ key }) => key === period);
  if (relative !== undefined) return relative;
  return from === "" || to === "" ? null : { type: "absolute", startDate: from, endDate: to };
}

function filterOf(value: DateRangePickerProps.Value | null): Pick<AuditFilter, "period" | "from" | "to"> {
  if (value === null) return { period: "", from: "", to: "" };
  if (value.type === "absolute") return { period: "", from: value.startDate, to: value.endDate };
  if (value.key !== undefined && value.key in PERIODS) return { period: value.key, from: "", to: "" };
  // A length that was typed is fixed to these moments, so that a link shows the same.
  const now = serverNow();
  const from = now - value.amount * (UNIT_MS[value.unit] ?? 0);
  return { period: "", from: new Date(from).toISOString(), to: new Date(now).toISOString() };
}

const HOUR_MS = 3_600_000;
const UNIT_MS: Record<string, number> = {
  second: 1_000,
  minute: 60_000,
  hour: HOUR_MS,
  day: 24 * HOUR_MS,
  week: 168 * HOUR_MS,
  month: 720 * HOUR_MS,
  year: 8_760 * HOUR_MS,
};
