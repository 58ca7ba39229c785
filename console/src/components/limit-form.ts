// A team limit as it is typed: only workers in one of the accounts that carry the labels.
import type { Limit } from "../api/types";

export interface LimitForm {
  labels: readonly { key: string; value: string }[];
  accounts: string;
}

export const NO_LIMIT: LimitForm = { labels: [], accounts: "" };

export function limitForm(limit: Limit | null): LimitForm {
  if (limit === null) return NO_LIMIT;
  const labels = limit.labels.map((label) => {
    const at = label.indexOf("=");
    return { key: label.slice(0, at), value: label.slice(at + 1) };
  });
  return { labels, accounts: limit.accounts.join(", ") };
}

function accountsOf(form: LimitForm): string[] {
  return form.accounts.split(/[\s,;]+/).filter(Boolean);
}

/** Null: the whole fleet. */
export function limitOf(form: LimitForm): { labels: string[]; accounts: string[] } | null {
  const labels = form.labels.filter(({ key }) => key.trim() !== "").map(({ key, value }) => `${key.trim()}=${value}`);
  const accounts = accountsOf(form);
  return labels.length + accounts.length === 0 ? null : { labels, accounts };
}

export function problemWithLimit(form: LimitForm): string | null {
  const bad = accountsOf(form).find((account) => !/^\d{12}$/.test(account));
  if (bad !== undefined) return `${bad} is no account: it has 12 digits.`;
  if (form.labels.some(({ key, value }) => key.trim() === "" && value !== "")) return "A label needs a key.";
  const key = form.labels.find((label) => /[=,]/.test(label.key))?.key;
  return key === undefined ? null : `${key} is no label's key: it holds neither = nor a comma.`;
}

export function limitWords(limit: Limit | null): string {
  if (limit === null) return "the whole fleet";
  return [...limit.labels, ...limit.accounts.map((account) => `account ${account}`)].join(", ");
}
