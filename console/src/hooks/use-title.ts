import { useEffect } from "react";

import { attentionCount, useFleet } from "./use-fleet";

/** The tab tells the page, and how many workers need attention, in its title and on its icon. */
export function useTitle(page: string): void {
  const count = attentionCount(useFleet().data);
  useEffect(() => {
    document.title = `${count > 0 ? `(${count}) ` : ""}${page} · cmlfleet`;
  }, [page, count]);
  useEffect(() => {
    const icon = document.querySelector<HTMLLinkElement>("link[rel=icon]");
    if (icon !== null) icon.href = count > 0 ? withBadge(count) : "/icon.svg";
  }, [count]);
}

const MOST_SHOWN = 99;

function withBadge(count: number): string {
  const text = count > MOST_SHOWN ? `${MOST_SHOWN}+` : String(count);
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#0f4a8a"/>` +
    `<circle cx="19" cy="19" r="13" fill="#d91515"/>` +
    `<text x="19" y="24.5" font-size="${text.length > 2 ? 11 : 16}" font-family="sans-serif" font-weight="bold" ` +
    `fill="#fff" text-anchor="middle">${text}</text></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
