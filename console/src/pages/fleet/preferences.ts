// Which columns, in which order, how many rows: in the address where it differs from what this browser keeps.
import type { CollectionPreferencesProps } from "@cloudscape-design/components/collection-preferences";

export interface Preferences {
  columns: readonly CollectionPreferencesProps.ContentDisplayItem[];
  size: number;
  isCompact: boolean;
}

const STORED_AS = "cmlfleet.fleet-table";
export const PAGE_SIZES = [10, 25, 50, 100];

/** `columns=name,health`, `size=50`, `density=compact`; else what was stored; else the default. */
export function readPreferences(parameters: URLSearchParams, stored: string | null, fallback: Preferences): Preferences {
  const kept = parseStored(stored, fallback);
  const size = Number(parameters.get("size"));
  const density = parameters.get("density");
  return {
    columns: parameters.has("columns") ? named(parameters.get("columns") ?? "", fallback) : kept.columns,
    size: PAGE_SIZES.includes(size) ? size : kept.size,
    isCompact: density === null ? kept.isCompact : density === "compact",
  };
}

export function writePreferences(parameters: URLSearchParams, chosen: Preferences, fallback: Preferences): URLSearchParams {
  const written = new URLSearchParams(parameters);
  const put = (name: string, value: string, usual: string) =>
    value === usual ? written.delete(name) : written.set(name, value);
  put("columns", visible(chosen), visible(fallback));
  put("size", String(chosen.size), String(fallback.size));
  put("density", chosen.isCompact ? "compact" : "comfortable", fallback.isCompact ? "compact" : "comfortable");
  return written;
}

export function visible({ columns }: Preferences): string {
  return columns.filter((column) => column.visible).map((column) => column.id).join(",");
}

function named(text: string, fallback: Preferences): Preferences["columns"] {
  const known = new Set(fallback.columns.map((column) => column.id));
  const shown = [...new Set(text.split(","))].filter((id) => known.has(id));
  if (shown.length === 0) return fallback.columns;
  const hidden = fallback.columns.filter((column) => !shown.includes(column.id));
  return [...shown.map((id) => ({ id, visible: true })), ...hidden.map(({ id }) => ({ id, visible: false }))];
}

function parseStored(stored: string | null, fallback: Preferences): Preferences {
  const parameters = new URLSearchParams(stored ?? "");
  return stored === null ? fallback : readPreferences(parameters, null, fallback);
}

export function storePreferences(chosen: Preferences, fallback: Preferences): void {
  localStorage.setItem(STORED_AS, writePreferences(new URLSearchParams(), chosen, fallback).toString());
}

export function storedPreferences(): string | null {
  return localStorage.getItem(STORED_AS);
}
