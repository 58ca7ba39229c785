import "@cloudscape-design/global-styles/index.css";
import "./console.css";

import I18nProvider from "@cloudscape-design/components/i18n";
import messages from "@cloudscape-design/components/i18n/messages/all.en";
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { BrowserRouter } from "react-router-dom";

import { queryClient } from "./api/query-client";
import { App } from "./shell/app";
import { ThemeProvider } from "./shell/theme";

// A service that was updated has other files: the page is loaded anew, and its address holds what was shown.
const RELOADED_AT = "cmlfleet.reloaded-at";
const RELOAD_AGAIN_MS = 30_000; // files that stay away must not reload the page for ever
window.addEventListener("vite:preloadError", () => {
  if (Date.now() - Number(sessionStorage.getItem(RELOADED_AT)) < RELOAD_AGAIN_MS) return;
  sessionStorage.setItem(RELOADED_AT, String(Date.now()));
  window.location.reload();
});

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <I18nProvider locale="en" messages={[messages]}>
      <QueryClientProvider client={queryClient}>
        {/* What is typed is in the address: a transition would show it late. */}
        <BrowserRouter useTransitions={false}>
          <ThemeProvider>
            <App />
          </ThemeProvider>
        </BrowserRouter>
      </QueryClientProvider>
    </I18nProvider>
  </StrictMode>,
);
