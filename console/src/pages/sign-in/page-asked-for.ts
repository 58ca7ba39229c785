// The OpenID provider sends the browser back to the first page: what was asked for before is kept meanwhile.
import { useEffect } from "react";
import { useNavigate } from "react-router-dom";

const STORED_AS = "cmlfleet.page-asked-for";

export function rememberPage(): void {
  sessionStorage.setItem(STORED_AS, window.location.pathname + window.location.search);
}

/** Goes on to what was asked for before, once: whoever was signed in, and whoever was not and may try another way. */
export function useReturn(isBack: boolean): void {
  const navigate = useNavigate();
  useEffect(() => {
    const page = sessionStorage.getItem(STORED_AS);
    if (!isBack || page === null) return;
    sessionStorage.removeItem(STORED_AS);
    if (window.location.pathname + window.location.search === "/") void navigate(page, { replace: true });
  }, [isBack, navigate]);
}
