import { useEffect } from "react";

/** The tab's title: how many workers need attention, the page, the product. */
export function useTitle(page: string, attention = 0): void {
  useEffect(() => {
    document.title = `${attention > 0 ? `(${attention}) ` : ""}${page} · cmlfleet`;
  }, [page, attention]);
}
