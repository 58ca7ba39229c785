import TopNavigation, { type TopNavigationProps } from "@cloudscape-design/components/top-navigation";
import { lazy, Suspense, useMemo, useState } from "react";
import { useNavigate } from "react-router-dom";

import type { Me } from "../api/types";
import { useSession, type Session } from "../hooks/use-session";
import { useTheme, type Theme } from "./theme";

const ChangePasswordModal = lazy(async () => ({
  default: (await import("../pages/sign-in/change-password-modal")).ChangePasswordModal,
}));

const THEMES: { id: Theme; text: string }[] = [
  { id: "system", text: "As the system has it" },
  { id: "light", text: "Light" },
  { id: "dark", text: "Dark" },
];

export function TopBar() {
  const { theme, choose } = useTheme();
  const { me, signOut } = useSession();
  const navigate = useNavigate();
  const [isChanging, setChanging] = useState(false);
  // Made anew, the bar measures itself, and with it the whole page: not at each change of the address.
  const utilities = useMemo(() => {
    const actions = { signOut, changePassword: () => setChanging(true) };
    return [themeMenu(theme, choose), ...(me === null ? [] : [personMenu(me, actions)])];
  }, [theme, choose, me, signOut]);
  return (
    <div id="top">
      <TopNavigation
        identity={{
          href: "/",
          title: "cmlfleet",
          logo: { src: "/icon.svg", alt: "" },
          onFollow: (event) => {
            event.preventDefault();
            void navigate("/");
          },
        }}
        utilities={utilities}
      />
      <Suspense>{isChanging && <ChangePasswordModal onClose={() => setChanging(false)} />}</Suspense>
    </div>
  );
}

function themeMenu(theme: Theme, choose: (theme: Theme) => void): TopNavigationProps.Utility {
  return {
    type: "menu-dropdown",
    iconName: "settings",
    ariaLabel: "Theme",
    title: "Theme",
    items: THEMES.map((entry) => ({
      id: entry.id,
      text: entry.text,
      itemType: "checkbox" as const,
      checked: entry.id === theme,
    })),
    onItemClick: ({ detail }) => choose(detail.id as Theme),
  };
}

interface PersonActions extends Pick<Session, "signOut"> {
  changePassword: () => void;
}

function personMenu(me: Me, { signOut, changePassword }: PersonActions): TopNavigationProps.Utility {
  return {
    type: "menu-dropdown",
    text: me.name,
    description: `Role: ${me.role}`,
    iconName: "user-profile",
    items: [
      { id: "documentation", text: "API documentation", href: "/api/docs", external: true },
      ...(me.kind === "user" ? [{ id: "password", text: "Change your password" }] : []),
      { id: "everywhere", text: "Sign out everywhere" },
      { id: "sign-out", text: "Sign out" },
    ],
    onItemClick: ({ detail }) => {
      if (detail.id === "sign-out") void signOut();
      else if (detail.id === "everywhere") void signOut("everywhere");
      else if (detail.id === "password") changePassword();
    },
  };
}
