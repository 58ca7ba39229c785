import type { FlashbarProps } from "@cloudscape-design/components/flashbar";
import { createContext, use, useCallback, useMemo, useState, type ReactNode } from "react";

type Notice = Pick<FlashbarProps.MessageDefinition, "type" | "header" | "content">;

interface Notices {
  items: FlashbarProps.MessageDefinition[];
  tell: (notice: Notice) => void;
}

const Context = createContext<Notices | null>(null);
const MOST = 5; // the oldest goes: nobody reads more
let made = 0;

/** What was done and what failed, above every page until it is dismissed. */
export function NoticesProvider({ children }: { children: ReactNode }) {
  const [items, setItems] = useState<FlashbarProps.MessageDefinition[]>([]);
  const tell = useCallback((notice: Notice) => {
    made += 1;
    const id = `notice-${made}`;
    const dismiss = () => setItems((before) => before.filter((item) => item.id !== id));
    const item = { ...notice, id, dismissible: true, dismissLabel: "Dismiss", onDismiss: dismiss };
    setItems((before) => [item, ...before].slice(0, MOST));
  }, []);
  const notices = useMemo(() => ({ items, tell }), [items, tell]);
  return <Context value={notices}>{children}</Context>;
}

export function useNotices(): Notices {
  const notices = use(Context);
  if (notices === null) throw new Error("useNotices outside of NoticesProvider");
  return notices;
}
