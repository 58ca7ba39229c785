import { useEffect, useEffectEvent, type RefObject } from "react";

/** `/` goes to the search, `r` refreshes; never while somebody types or a dialog is open. */
export function useShortcuts(search: RefObject<HTMLDivElement | null>, onRefresh: () => void): void {
  const pressed = useEffectEvent((event: KeyboardEvent) => {
    const target = event.target instanceof HTMLElement ? event.target : null;
    const isTyping = target?.closest("input, textarea, select, [contenteditable], [role=dialog]") != null;
    const isCheckbox = target instanceof HTMLInputElement && target.type === "checkbox";
    if ((isTyping && !isCheckbox) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector("[role=dialog]") !== null) return;
    if (event.key === "/") {
      event.preventDefault();
      search.current?.querySelector("input")?.focus();
    } else if (event.key === "r") onRefresh();
  });
  useEffect(() => {
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, []);
}
