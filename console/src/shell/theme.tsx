import { applyMode, Mode } from "@cloudscape-design/global-styles";
import { createContext, use, useLayoutEffect, useState, useSyncExternalStore, type ReactNode } from "react";

export type Theme = "system" | "light" | "dark";
const STORED_AS = "cmlfleet.theme";

interface Choice {
  theme: Theme;
  isDark: boolean;
  choose: (theme: Theme) => void;
}

const Context = createContext<Choice | null>(null);
const darkSystem = window.matchMedia("(prefers-color-scheme: dark)");

function stored(): Theme {
  const text = localStorage.getItem(STORED_AS);
  return text === "light" || text === "dark" ? text : "system";
}

function follow(changed: () => void): () => void {
  darkSystem.addEventListener("change", changed);
  return () => darkSystem.removeEventListener("change", changed);
}

export function ThemeProvider({ children }: { children: ReactNode }) {
  const [theme, setTheme] = useState(stored);
  const systemIsDark = useSyncExternalStore(follow, () => darkSystem.matches);
  const isDark = theme === "dark" || (theme === "system" && systemIsDark);
  useLayoutEffect(() => applyMode(isDark ? Mode.Dark : Mode.Light), [isDark]);
  const choose = (chosen: Theme) => {
    if (chosen === "system") localStorage.removeItem(STORED_AS);
    else localStorage.setItem(STORED_AS, chosen);
    setTheme(chosen);
  };
  return <Context value={{ theme, isDark, choose }}>{children}</Context>;
}

export function useTheme(): Choice {
  const choice = use(Context);
  if (choice === null) throw new Error("useTheme outside of ThemeProvider");
  return choice;
}
