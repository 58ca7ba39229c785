// The fleet page's state is its address: the filters are the API's own parameters, so that a link is a view, and what
// the service names as needing attention is a link.
import type { PropertyFilterProps } from "@cloudscape-design/components/property-filter";

export type Token = PropertyFilterProps.Token;

export interface FleetState {
  q: string;
  tokens: readonly Token[];
  sort: string;
  page: number;
}

export const DEFAULT_SORT = "name";
const ALTERNATIVES = ["status", "health", "region", "account_id"];
const SUFFIX_OF: Record<string, string> = { "=": "eq", "!=": "ne", ">": "gt", ">=": "gte", "<": "lt", "<=": "lte" };
const OPERATOR_OF = Object.fromEntries(Object.entries(SUFFIX_OF).map(([operator, suffix]) => [suffix, operator]));

/** What the address says. Parameters that are not the list's are left to whose they are. */
export function readState(parameters: URLSearchParams): FleetState {
  const tokens: Token[] = [];
  for (const [name, value] of parameters) {
    if (value === "") continue;
    const [field, suffix] = splitSuffix(name);
    const operator = OPERATOR_OF[suffix];
    if (ALTERNATIVES.includes(name)) tokens.push({ propertyKey: name, operator: "=", value: value.split(",") });
    else if (name === "label") tokens.push({ propertyKey: "label", operator: "=", value });
    else if (operator !== undefined) tokens.push({ propertyKey: field, operator, value });
  }
  const page = Number(parameters.get("page"));
  return {
    q: parameters.get("q") ?? "",
    tokens,
    sort: parameters.get("sort") ?? DEFAULT_SORT,
    page: Number.isInteger(page) && page > 0 ? page : 1,
  };
}

function splitSuffix(name: string): [string, string] {
  const dot = name.lastIndexOf(".");
  return dot < 0 ? [name, ""] : [name.slice(0, dot), name.slice(dot + 1)];
}

function isOurs(name: string): boolean {
  return (
    ["q", "sort", "page", "label", ...ALTERNATIVES].includes(name) || OPERATOR_OF[splitSuffix(name)[1]] !== undefined
  );
}

/** The address for a state; what the address holds beside it stays. */
export function writeState(parameters: URLSearchParams, state: FleetState): URLSearchParams {
  const kept = [...parameters].filter(([name]) => !isOurs(name));
  const ours: [string, string][] = filterParameters(state.tokens);
  if (state.q !== "") ours.unshift(["q", state.q]);
  if (state.sort !== DEFAULT_SORT) ours.push(["sort", state.sort]);
  if (state.page !== 1) ours.push(["page", String(state.page)]);
  return new URLSearchParams([...ours, ...kept]);
}

function filterParameters(tokens: readonly Token[]): [string, string][] {
  const found: [string, string][] = [];
  for (const { propertyKey = "", operator, value } of tokens) {
    const suffix = SUFFIX_OF[operator];
    const text = Array.isArray(value) ? value.join(",") : String(value);
    if (propertyKey === "label") found.push(["label", text]);
    else if (ALTERNATIVES.includes(propertyKey) && operator === "=") found.push([propertyKey, text]);
    else if (suffix !== undefined) found.push([`${propertyKey}.${suffix}`, text]);
  }
  return found;
}

const RELATIVE = /^(in )?(\d+)\s*(m|h|d)$/;
const MINUTE_MS = 60_000;
const UNIT_MS: Record<string, number> = { m: MINUTE_MS, h: 60 * MINUTE_MS, d: 1440 * MINUTE_MS };

/** What the list is asked for: one page of what matches. */
export function apiQuery(state: FleetState, size: number, now: number): string {
  const query = selection(state, now);
  query.set("sort", state.sort);
  query.set("limit", String(size));
  query.set("offset", String((state.page - 1) * size));
  return query.toString();
}

export function isFiltered({ q, tokens }: FleetState): boolean {
  return q !== "" || tokens.length > 0;
}

/** Which workers match. A time such as `15m` means that long ago, `in 15m` that long from now, to the minute. */
export function selection(state: FleetState, now: number): URLSearchParams {
  const query = new URLSearchParams();
  if (state.q.trim() !== "") query.set("q", state.q.trim());
  for (const [name, value] of filterParameters(state.tokens)) {
    const [, ahead, number, unit = ""] = RELATIVE.exec(value) ?? [];
    const isTime = splitSuffix(name)[0].endsWith("_at") || splitSuffix(name)[0].endsWith("_since");
    if (isTime && number !== undefined) {
      const distance = Number(number) * (UNIT_MS[unit] ?? 0);
      const at = Math.floor((now + (ahead === undefined ? -distance : distance)) / MINUTE_MS) * MINUTE_MS;
      query.append(name, new Date(at).toISOString());
    } else query.append(name, value);
  }
  return query;
}

/** The fields of a worker whose change may move it in this list, or in or out of it. */
export function decisiveFields(state: FleetState): ReadonlySet<string> {
  const fields = new Set([fieldOf(state.sort.replace(/^-/, ""))]);
  for (const { propertyKey = "" } of state.tokens) fields.add(fieldOf(propertyKey));
  if (state.q !== "") for (const field of ["name", "labels", "note"]) fields.add(field);
  return fields;
}

/** Where a worker has what the list calls otherwise. */
function fieldOf(name: string): string {
  return { label: "labels", license_expires_at: "cml_license" }[name] ?? name;
}
