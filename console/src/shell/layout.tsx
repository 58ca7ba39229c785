import AppLayout from "@cloudscape-design/components/app-layout";
import SideNavigation, { type SideNavigationProps } from "@cloudscape-design/components/side-navigation";
import { useState, type ReactNode } from "react";
import { useLocation, useNavigate } from "react-router-dom";

import { useSession } from "../hooks/use-session";

const PAGES: SideNavigationProps.Link[] = [
  { type: "link", text: "Fleet", href: "/" },
  { type: "link", text: "Labs", href: "/labs" },
  { type: "link", text: "Activity", href: "/activity" },
  { type: "link", text: "Operations", href: "/operations" },
  { type: "link", text: "Settings", href: "/settings" },
];
const FOR_WHOLE_FLEET: SideNavigationProps.Link[] = [{ type: "link", text: "System", href: "/system" }];
const FOR_ADMINS: SideNavigationProps.Link[] = [
  { type: "link", text: "Users", href: "/users" },
  { type: "link", text: "Audit", href: "/audit" },
];
const NARROW_PX = 688;

export function Layout({ children, notifications }: { children: ReactNode; notifications?: ReactNode }) {
  const { may, me } = useSession();
  const { pathname } = useLocation();
  const navigate = useNavigate();
  const [open, setOpen] = useState(false);
  const active = pathname.startsWith("/workers") ? "/" : pathname;
  return (
    <AppLayout
      headerSelector="#top"
      toolsHide
      navigationOpen={open}
      onNavigationChange={({ detail }) => setOpen(detail.open)}
      navigation={
        <SideNavigation
          header={{ text: "Fleet of labs", href: "/" }}
          activeHref={active}
          items={[
            ...PAGES,
            ...(me?.limit == null ? FOR_WHOLE_FLEET : []),
            ...(may("admin") && me?.limit == null ? FOR_ADMINS : []),
          ]}
          onFollow={(event) => {
            if (event.detail.external === true) return;
            event.preventDefault();
            if (window.innerWidth < NARROW_PX) setOpen(false);
            void navigate(event.detail.href);
          }}
        />
      }
      notifications={notifications}
      stickyNotifications
      content={children}
      maxContentWidth={Number.MAX_VALUE}
      ariaLabels={{
        navigation: "Pages",
        navigationToggle: "Show the pages",
        navigationClose: "Hide the pages",
        notifications: "Notices",
      }}
    />
  );
}
