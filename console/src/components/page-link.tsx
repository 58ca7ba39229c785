import Link from "@cloudscape-design/components/link";
import type { ReactNode } from "react";
import { useNavigate } from "react-router-dom";

interface Props {
  to: string;
  children: ReactNode;
  fontSize?: "inherit" | "body-s";
  onFollow?: () => void;
}

/** Cloudscape's link, followed without loading the page anew; a new tab works as ever. */
export function PageLink({ to, children, fontSize = "inherit", onFollow }: Props) {
  const navigate = useNavigate();
  return (
    <Link
      href={to}
      fontSize={fontSize}
      onFollow={(event) => {
        event.preventDefault();
        void navigate(to);
        onFollow?.();
      }}
    >
      {children}
    </Link>
  );
}
